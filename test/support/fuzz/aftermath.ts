/** What must be true whatever has been asked: definitions, owned entries and kernel are one, and the audit chain is whole. */
import assert from 'node:assert/strict';
import type { EntryConfig } from '../../../src/domain/entry.js';
import { entryKindOf, snatKey } from '../../../src/domain/keys.js';
import type { AuditEvent, Integrity } from '../../../src/domain/schema/audit-event.js';
import type { Drift } from '../../../src/domain/schema/director.js';
import type { OwnedEntry, Reader } from '../../../src/store/store.js';
import { desiredOf } from '../cluster-model.js';
import { createRestClient } from '../rest-client.js';
import type { TestServer } from '../server.js';

const PAGE = 1000;

export async function assertConsistent(server: TestServer): Promise<void> {
  const { store } = server.running;
  const entries = store.read(allEntries).filter(({ key }) => entryKindOf(key) !== 'address');
  const definitions = store
    .read((reader) => reader.descendants('projects'))
    .filter(({ kind }) => kind === 'cluster' || kind === 'virtualService' || kind === 'realServer');
  const wanted = desiredOf(new Map(definitions.map(({ path, spec }) => [path, spec])));
  assert.ok(wanted, 'two definitions want the same entry');
  assert.ok(wanted.size > 0, 'nothing is defined: the requests have done nothing');
  assert.deepEqual(
    new Map(entries.map(({ key, path, config, state }) => [key, { path, config, state }])),
    new Map(
      [...wanted]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, one]) => [key, { ...one, state: 'living' }]),
    ),
  );
  const expected = [...wanted].map(([key, { config }]) => [key, config] as const);
  const actual = await kernelEntries(server);
  const foreign = [...actual.keys()].filter((key) => !wanted.has(key));
  for (const key of foreign) {
    assert.match(key, /^tcp\/198\.51\.100\.\d+:443$/);
    actual.delete(key);
  }
  assert.deepEqual(actual, new Map(expected));
  await assertPublicly(server);
}

/** By what anybody may ask of the API. */
async function assertPublicly(server: TestServer): Promise<void> {
  const rest = createRestClient({ url: server.url, adminToken: await server.createToken('admin') });
  const drift = await rest<Drift>('GET', '/v1/directors/local/drift');
  assert.deepEqual(drift.body.differences, []);
  const integrity = await rest<Integrity>('GET', '/v1/audit-events/integrity');
  assert.ok(integrity.body.intact, JSON.stringify(integrity.body));
  const drifts = await rest<{ items: AuditEvent[] }>('GET', '/v1/audit-events?kind=drift');
  assert.deepEqual(drifts.body.items, []);
}

async function kernelEntries(server: TestServer): Promise<Map<string, EntryConfig>> {
  const table = await server.kernel.open().read();
  const found = new Map([...table].map(([key, { config }]) => [key, config as EntryConfig]));
  for (const [frontend, config] of await server.host.open().readSnat()) found.set(snatKey(frontend), config);
  return found;
}

function allEntries(reader: Reader): OwnedEntry[] {
  const entries: OwnedEntry[] = [];
  for (let after: string | undefined = ''; after !== undefined; ) {
    const page = reader.entries({ after, limit: PAGE });
    entries.push(...page);
    after = page.length < PAGE ? undefined : page.at(-1)?.key;
  }
  return entries;
}
