import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DomainError } from '../../../src/domain/errors.js';
import type { Committed, Store, Transaction } from '../../../src/store/store.js';
import { cluster, context, PROJECT, type StoreSubject } from './subject.js';

export function describeWrites({ create }: StoreSubject): void {
  test('what the callback throws undoes the write and is what the caller gets', async (t) => {
    const store = create(t).open();
    const before = everything(store);
    const mistake = new DomainError('ETAG_MISMATCH', 'not at that revision');
    const write = store.write(context, (tx) => {
      changeEverything(tx);
      throw mistake;
    });
    await assert.rejects(write, (error) => error === mistake);
    assert.deepEqual(everything(store), before);
  });

  test('a dry run reports its changes and leaves nothing', async (t) => {
    const store = create(t).open();
    const before = everything(store);
    const dry = await store.write(context, changeEverything, { dryRun: true });
    assert.deepEqual(everything(store), before);
    assert.equal(dry.revision, before.revision);

    const wet = await store.write(context, changeEverything);
    const outcome = ({ changes, entryChanges }: Committed<unknown>) => ({
      changes: changes.map(({ path, after }) => ({ path, spec: after?.spec, revision: after?.revision })),
      entryChanges,
    });
    assert.deepEqual(outcome(dry), outcome(wet));
    assert.equal(dry.changes.length, 2);
  });

  test('a resource that was made and removed in one write is not among its changes', async (t) => {
    const store = create(t).open();
    await store.write(context, (tx) => tx.put(cluster('kept', { n: 1 })));
    const { changes, revision } = await store.write(context, (tx) => {
      tx.put(cluster('kept', { n: 2 }));
      tx.put(cluster('brief'));
      tx.remove(cluster('brief').path);
      tx.put(cluster('new', { n: 1 }));
      tx.put(cluster('kept', { n: 1 }));
      tx.put(cluster('new', { n: 2 }));
    });
    assert.deepEqual(
      changes.map(({ path, before, after }) => [path, before, after?.spec]),
      [[cluster('new').path, null, { n: 2 }]],
    );
    assert.equal(revision, 8, 'each of the six steps has its event');
  });

  test('a callback reads what it has written, and nobody else does before the commit', async (t) => {
    const source = create(t);
    const store = source.open();
    const elsewhere = source.open();
    const { path } = cluster('shop');
    const { value } = await store.write(context, (tx) => {
      tx.put(cluster('shop'));
      return {
        inside: tx.resource(path)?.revision,
        revision: tx.revision(),
        outside: elsewhere.read((reader) => reader.resource(path)),
      };
    });
    assert.deepEqual(value, { inside: 2, revision: 2, outside: undefined });
  });

  test('a transaction cannot be used after its write', async (t) => {
    const store = create(t).open();
    const { value: kept } = await store.write(context, (tx) => ({ tx }));
    assert.throws(() => kept.tx.put(cluster('shop')), TypeError);
    assert.throws(() => kept.tx.putCredential(Buffer.alloc(32), PROJECT), TypeError);
    assert.throws(() => kept.tx.record({ kind: 'auth', resource: PROJECT }), TypeError);
    assert.equal(
      store.read((reader) => reader.revision()),
      1,
    );
  });

  test('a callback that is async is refused, and what it did is undone', async (t) => {
    const store = create(t).open();
    const change = async (tx: Transaction) => tx.put(cluster('shop'));
    await assert.rejects(store.write(context, change), TypeError);
    assert.equal(
      store.read((reader) => reader.revision()),
      1,
    );
  });

  test('writes of one turn fail and succeed each by itself, in the order of the calls', async (t) => {
    const store = create(t).open();
    const kinds = fc.constantFrom<Step['kind']>('add', 'add', 'throw', 'dry', 'missing');
    const steps = fc.array(fc.record<Step>({ kind: kinds, name: fc.nat(9) }), {
      minLength: 1,
      maxLength: 24,
    });
    const counts = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(steps, async (group) => {
        const outcomes = await Promise.allSettled(group.map((step) => runStep(store, step)));
        for (const [index, step] of group.entries()) {
          const { path } = cluster(`c${step.name}`);
          const outcome = outcomes[index];
          if (step.kind === 'throw' || step.kind === 'missing') {
            assert.equal(outcome?.status, 'rejected');
            continue;
          }
          const wanted = (counts.get(path) ?? 0) + 1;
          assert.deepEqual(outcome?.status === 'fulfilled' && outcome.value.value.spec, { n: wanted });
          if (step.kind === 'add') counts.set(path, wanted);
        }
        const stored = store.read((reader) =>
          reader.resources({ kind: 'cluster', parent: PROJECT, limit: 99 }),
        );
        assert.deepEqual(new Map(stored.map(({ path, spec }) => [path, countOf(spec)])), counts);
      }),
      { numRuns: 100 },
    );
    const adds = [...counts.values()].reduce((sum, count) => sum + count, 0);
    assert.equal(
      store.read((reader) => reader.revision()),
      adds + 1,
      'one event for each that succeeded',
    );
    assert.equal((await store.verify()).intact, true);
  });

  test('two connections lose none of their updates', async (t) => {
    const source = create(t);
    const stores = [source.open(), source.open()];
    const rounds = 200;
    for (let round = 0; round < rounds; round += 1) {
      await Promise.all(stores.map((store) => runStep(store, { kind: 'add', name: 0 })));
    }
    for (const store of stores) {
      const spec = store.read((reader) => reader.resource(cluster('c0').path))?.spec;
      assert.equal(countOf(spec), 2 * rounds);
      assert.deepEqual(await store.verify(), await stores[0]?.verify());
    }
  });

  test('a closed store refuses reads and writes, and has committed what was waiting', async (t) => {
    const source = create(t);
    const store = source.open();
    const waiting = store.write(context, (tx) => tx.put(cluster('shop')));
    store.close();
    store.close();
    assert.equal((await waiting).revision, 2);
    await assert.rejects(
      store.write(context, () => undefined),
      { reason: 'SHUTTING_DOWN' },
    );
    assert.throws(() => store.read(() => undefined), { reason: 'SHUTTING_DOWN' });
    await assert.rejects(store.verify(), { reason: 'SHUTTING_DOWN' });
    assert.equal(
      source.open().read((reader) => reader.revision()),
      2,
    );
  });
}

interface Step {
  readonly kind: 'add' | 'throw' | 'dry' | 'missing';
  readonly name: number;
}

/** Adds one to a counter that is kept in a spec. */
function runStep(store: Store, { kind, name }: Step) {
  const change = (tx: Transaction) => {
    const { path } = cluster(`c${name}`);
    const stored = tx.put(cluster(`c${name}`, { n: countOf(tx.resource(path)?.spec) + 1 }));
    if (kind === 'throw') throw new Error('the caller changed its mind');
    if (kind === 'missing') tx.remove(cluster('never-there').path);
    return stored;
  };
  return store.write(context, change, { dryRun: kind === 'dry' });
}

function countOf(spec: unknown): number {
  return (spec as { n: number } | undefined)?.n ?? 0;
}

function changeEverything(tx: Transaction): void {
  const token = { kind: 'token', path: 'tokens/ci', labels: {}, spec: {} } as const;
  tx.put(cluster('shop'));
  tx.put(token);
  tx.putCredential(Buffer.alloc(32, 7), token.path);
  const config = { scheduler: 'wlc', schedulerFlags: [], onePacket: false, persistence: null } as const;
  tx.putEntry({
    ...{ key: 'tcp/192.0.2.1:80', path: token.path, state: 'living', config, revision: 2 },
    ...{ drainSeconds: 0, drainDeadline: null, origin: 'fresh' },
  });
  tx.record({ kind: 'auth', resource: '' });
}

function everything(store: Store) {
  return store.read((reader) => ({
    revision: reader.revision(),
    projects: reader.descendants('projects'),
    tokens: reader.resources({ kind: 'token', parent: '', limit: 9 }),
    entries: reader.entries({ after: '', limit: 9 }),
    events: reader.events({ order: 'ascending', limit: 9 }),
    owner: reader.credentialOwner(Buffer.alloc(32, 7)),
  }));
}
