import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import fc from 'fast-check';
import { isWithin } from '../../../src/domain/names.js';
import { type AuditEvent, EVENT_KINDS } from '../../../src/domain/schema/audit-event.js';
import type { EventQuery } from '../../../src/store/store.js';
import { cluster, context, PROJECT, type StoreSubject } from './subject.js';

const START = Date.UTC(2026, 0, 1);

export function describeEvents({ create }: StoreSubject): void {
  test('an event says who, from where, why and what', async (t) => {
    const store = create(t).open({ clock: () => START });
    const operations = [{ command: 'NEW_SERVICE', key: 'tcp/192.0.2.1:80', errno: 22, errnoName: 'EINVAL' }];
    await store.write(context, (tx) =>
      tx.record({
        kind: 'refused',
        resource: cluster('shop').path,
        director: 'local',
        before: { weight: 1 },
        operations,
        durationMicros: 120,
        detail: 'The kernel said no.',
      }),
    );
    const { hash = '', previousHash, ...rest } = store.read((reader) => reader.event(2)) ?? {};
    assert.match(hash, /^[0-9a-f]{64}$/);
    assert.equal(previousHash, store.read((reader) => reader.event(1))?.hash);
    assert.deepEqual(rest, {
      ...context,
      id: 2,
      time: '2026-01-01T00:00:00.000Z',
      kind: 'refused',
      resource: cluster('shop').path,
      director: 'local',
      before: { weight: 1 },
      after: null,
      operations,
      durationMicros: 120,
      detail: 'The kernel said no.',
    });
  });

  test('an event holds nothing of the context but what it is to hold', async (t) => {
    const store = create(t).open();
    const talkative = { ...context, token: 'a secret that came along' };
    const { revision } = await store.write(talkative, (tx) => tx.record({ kind: 'auth', resource: '' }));
    const event = store.read((reader) => reader.event(revision));
    assert.ok(event);
    assert.equal('token' in event, false);
  });

  test('events are found by every combination of filters', async (t) => {
    let now = START;
    const store = create(t).open({ clock: () => now });
    const paths = ['', PROJECT, ...['shop', 'shop-2', 'shop2'].map((name) => cluster(name).path)];
    const resources = [...paths, `${cluster('shop').path}/virtual-services/http`];
    for (let n = 0; n < 200; n += 1) {
      now += 1000;
      const who = { ...context, actor: { ...context.actor, principal: `p${n % 3}` } };
      await store.write({ ...who, action: `a${n % 4}`, requestId: `r${n % 50}` }, (tx) =>
        tx.record({ kind: pick(EVENT_KINDS, n), resource: pick(resources, n) }),
      );
    }
    const all = store.read((reader) => reader.events({ order: 'ascending', limit: 1000 }));
    assert.equal(all.length, 201);

    const time = fc.nat(220).map((n) => new Date(START + n * 1000).toISOString());
    const query: fc.Arbitrary<EventQuery> = fc.record(
      {
        limit: fc.integer({ min: 1, max: 100 }),
        order: fc.constantFrom('ascending', 'descending'),
        after: fc.nat(210),
        resource: fc.constantFrom(...resources),
        principal: fc.constantFrom('p0', 'p1', 'nobody'),
        kinds: fc.uniqueArray(fc.constantFrom(...EVENT_KINDS), { minLength: 1 }),
        projects: fc.uniqueArray(fc.constantFrom('default', 'defaul', 'blog')),
        action: fc.constantFrom('a0', 'a1'),
        requestId: fc.constantFrom('r0', 'r7'),
        transport: fc.constantFrom('rest', 'system'),
        sourceAddress: fc.constantFrom('192.0.2.7', '192.0.2.2'),
        through: fc.nat(210),
        since: time,
        until: time,
      },
      { requiredKeys: ['limit', 'order'] },
    );
    fc.assert(
      fc.property(query, (one) => {
        assert.deepEqual(
          store.read((reader) => reader.events(one)),
          select(all, one),
        );
        assert.deepEqual(
          store.read((reader) => reader.eventTexts(one)),
          select(all, one).map((event) => ({ id: event.id, json: JSON.stringify(event) })),
        );
      }),
      { numRuns: 500 },
    );
  });

  test('a credential leads to its token for as long as that is there', async (t) => {
    const store = create(t).open();
    const hash = Buffer.alloc(32, 1);
    const token = { kind: 'token', path: 'tokens/ci', labels: {}, spec: { role: 'viewer' } } as const;
    const owner = () => store.read((reader) => reader.credentialOwner(hash));
    const { value } = await store.write(context, (tx) => {
      const stored = tx.put(token);
      tx.putCredential(hash, token.path);
      return stored;
    });
    assert.deepEqual(owner(), value);
    assert.equal(
      store.read((reader) => reader.credentialOwner(Buffer.alloc(32, 2))),
      undefined,
    );
    await store.write(context, (tx) => tx.put({ ...token, spec: { role: 'admin' } }));
    assert.deepEqual(owner()?.spec, { role: 'admin' });
    await store.write(context, (tx) => tx.remove(token.path));
    assert.equal(owner(), undefined);
    await store.write(context, (tx) => tx.put(token));
    assert.equal(owner(), undefined, 'a new token of the same name does not inherit it');
  });

  test('listeners hear of every commit that took revisions, and of no other', async (t) => {
    const store = create(t).open();
    const heard: number[] = [];
    const stop = store.onCommit((revision) => heard.push(revision));
    await store.write(context, (tx) => tx.put(cluster('a')));
    await store.write(context, (tx) => tx.put(cluster('a')));
    await store.write(context, (tx) => tx.put(cluster('b')), { dryRun: true });
    await assert.rejects(
      store.write(context, (tx) => {
        tx.put(cluster('b'));
        throw new Error('no');
      }),
    );
    await Promise.all(['c', 'd'].map((name) => store.write(context, (tx) => tx.put(cluster(name)))));
    stop();
    await store.write(context, (tx) => tx.put(cluster('e')));
    assert.deepEqual(heard, [2, 4]);
  });

  test('listeners hear within a second of what another process wrote', async (t) => {
    const source = create(t);
    const store = source.open();
    const heard = new EventTarget();
    store.onCommit((revision) => heard.dispatchEvent(new CustomEvent('commit', { detail: revision })));
    const commit = once(heard, 'commit', { signal: AbortSignal.timeout(5000) });
    const keepAlive = setTimeout(() => undefined, 5000);
    await source.open().write(context, (tx) => tx.put(cluster('a')));
    const [{ detail }] = await commit;
    clearTimeout(keepAlive);
    assert.equal(detail, 2);
  });

  test('an untouched chain verifies, and its last hash is that of the newest event', async (t) => {
    const store = create(t).open();
    for (const name of ['a', 'b', 'c']) await store.write(context, (tx) => tx.put(cluster(name)));
    const lastHash = store.read((reader) => reader.event(4)?.hash);
    assert.deepEqual(await store.verify(), {
      intact: true,
      events: 4,
      lastId: 4,
      lastHash,
      archivedThrough: 0,
      brokenAt: null,
      detail: null,
    });
  });
}

function pick<T>(values: readonly T[], n: number): T {
  return values[(n * 7919) % values.length] as T;
}

/** What the query means, in plain code. */
function select(all: readonly AuditEvent[], query: EventQuery): AuditEvent[] {
  const {
    after,
    resource,
    principal,
    kinds,
    projects,
    action,
    requestId,
    transport,
    sourceAddress,
    through,
    since,
    until,
    order,
    limit,
  } = query;
  const ascending = order === 'ascending';
  const found = all.filter(
    (event) =>
      (after === undefined || (ascending ? event.id > after : event.id < after)) &&
      (resource === undefined || isWithin(event.resource, resource)) &&
      (principal === undefined || event.actor.principal === principal) &&
      (kinds === undefined || kinds.includes(event.kind)) &&
      (projects === undefined || projects.some((name) => isWithin(event.resource, `projects/${name}`))) &&
      (action === undefined || event.action === action) &&
      (requestId === undefined || event.requestId === requestId) &&
      (transport === undefined || event.transport === transport) &&
      (sourceAddress === undefined || event.sourceAddress === sourceAddress) &&
      (through === undefined || (ascending ? event.id <= through : event.id >= through)) &&
      (since === undefined || event.time >= since) &&
      (until === undefined || event.time < until),
  );
  return (ascending ? found : found.reverse()).slice(0, limit);
}
