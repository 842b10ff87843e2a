import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AuditArchive } from '../../../src/domain/schema/audit-archive.js';
import type { Store } from '../../../src/store/store.js';
import { cluster, context, type StoreSubject } from './subject.js';

type Draft = Omit<AuditArchive, 'time' | 'revision'>;

export function describeArchives({ create }: StoreSubject): void {
  test('archived events leave the log, which goes on where the archive ends', async (t) => {
    const store = await filled(create(t).open());
    const draft = draftOf(store, 1, 4);
    const { value } = await store.write(context, (tx) => tx.archive(draft));
    const event = store.read((reader) => reader.event(value.revision));
    assert.deepEqual(
      [event?.kind, event?.resource, event?.after],
      ['change', `audit-archives/${draft.file}`, draft],
    );
    assert.deepEqual(value, { ...draft, time: event?.time, revision: event?.id });
    assert.deepEqual(
      store.read((reader) => [
        reader.archivedThrough(),
        reader.archives({ after: 0, limit: 9 }),
        ...[1, 4, 5].map((id) => reader.archiveOf(id)?.file),
      ]),
      [{ id: 4, hash: draft.lastHash }, [value], draft.file, draft.file, undefined],
    );
    const remove = async () => (await store.write(context, (tx) => tx.removeArchived(3))).value;
    assert.deepEqual([await remove(), await remove(), await remove()], [3, 1, 0]);
    const left = store.read((reader) => reader.events({ order: 'ascending', limit: 1 }));
    assert.deepEqual([left[0]?.id, left[0]?.previousHash], [5, draft.lastHash]);
    const { intact, events, lastId, archivedThrough } = await store.verify();
    assert.deepEqual([intact, events, lastId, archivedThrough], [true, lastId - 4, value.revision, 4]);
    const second = draftOf(store, 5, value.revision);
    await store.write(context, (tx) => tx.archive(second));
    await store.write(context, (tx) => tx.removeArchived(1000));
    assert.equal((await store.verify()).events, 1, 'what says so is left');
    await store.write(context, (tx) => tx.put(cluster('next')));
    assert.equal((await store.verify()).intact, true);
  });

  test('nothing can be archived but the oldest events that there are, to the hash', async (t) => {
    const store = await filled(create(t).open());
    const good = draftOf(store, 1, 4);
    for (const bad of [
      draftOf(store, 2, 4),
      { ...good, lastId: 5 },
      { ...good, lastId: 999 },
      { ...good, lastHash: 'f'.repeat(64) },
      { ...good, previousHash: 'f'.repeat(64) },
    ]) {
      await assert.rejects(
        store.write(context, (tx) => tx.archive(bad)),
        /oldest events/,
      );
    }
    await store.write(context, (tx) => tx.archive(good));
    await assert.rejects(
      store.write(context, (tx) => tx.archive(good)),
      /oldest events/,
    );
    const sameFile = { ...draftOf(store, 5, 6), file: good.file };
    await assert.rejects(
      store.write(context, (tx) => tx.archive(sameFile)),
      /oldest events/,
    );
    assert.equal((await store.verify()).archivedThrough, 4);
  });

  test('the oldest event since a time is found, whatever the clock did', async (t) => {
    let now = Date.UTC(2026, 0, 1);
    const store = create(t).open({ clock: () => now });
    const minutes = [5, 3, 9];
    for (const minute of minutes) {
      now = Date.UTC(2026, 0, 1, 0, minute);
      await store.write(context, (tx) => tx.record({ kind: 'auth', resource: '' }));
    }
    const since = (minute: number) =>
      store.read((reader) => reader.firstEventSince(new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString()));
    assert.deepEqual([0, 4, 6, 10].map(since), [1, 2, 4, undefined]);
  });
}

async function filled(store: Store): Promise<Store> {
  for (let n = 0; n < 8; n += 1) await store.write(context, (tx) => tx.put(cluster(`c${n}`)));
  return store;
}

function draftOf(store: Store, firstId: number, lastId: number): Draft {
  return store.read((reader) => ({
    file: `audit-${firstId}-${lastId}.ndjson`,
    ...{ firstId, lastId, bytes: 1, sha256: 'a'.repeat(64) },
    previousHash: reader.event(firstId)?.previousHash ?? '',
    lastHash: reader.event(lastId)?.hash ?? '',
  }));
}
