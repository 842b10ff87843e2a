import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Store, StoredResource, Transaction } from '../../../src/store/store.js';
import { cluster, context, PROJECT, type StoreSubject, service } from './subject.js';

export function describeReads({ create }: StoreSubject): void {
  test('a read shows what was committed last, by whichever connection, and nothing that was undone', async (t) => {
    const kinds = fc.constantFrom<Step['kind']>('put', 'put', 'remove', 'throw', 'dry');
    const step = fc.record<Step>({ kind: kinds, name: fc.nat(3), connection: fc.nat(1) });
    const groups = fc.array(fc.array(step, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(groups, async (steps) => {
        const source = create(t);
        const stores = [source.open(), source.open()];
        const model = new Map<string, number>();
        let count = 0;
        for (const group of steps) {
          // The writes of one connection and turn share a transaction.
          const store = stores[group[0]?.connection ?? 0] as Store;
          await Promise.allSettled(group.map((one) => write(store, one, ++count, model)));
          for (const reader of stores) assert.deepEqual(shown(reader), wanted(model));
        }
        for (const store of stores) store.close();
      }),
      { numRuns: 60 },
    );
  });

  test('the owner of a credential is found until it is removed, also by another connection', async (t) => {
    const source = create(t);
    const [store, elsewhere] = [source.open(), source.open()];
    const token = { kind: 'token', path: 'tokens/ci', labels: {}, spec: {} } as const;
    const [old, recent] = [secretHash('old'), secretHash('recent')];
    const ownerOf = (hash: Buffer) => store.read((reader) => reader.credentialOwner(hash)?.revision);

    await store.write(context, (tx) => {
      tx.put(token);
      tx.putCredential(old, token.path);
    });
    assert.equal(ownerOf(old), 2);
    await elsewhere.write(context, (tx) => tx.remove(token.path));
    assert.equal(ownerOf(old), undefined);
    await store.write(context, (tx) => {
      tx.put(token);
      tx.putCredential(recent, token.path);
    });
    assert.deepEqual([ownerOf(old), ownerOf(recent)], [undefined, 4]);
    await store.write(context, (tx) => tx.put({ ...token, labels: { team: 'web' } }));
    assert.equal(ownerOf(recent), 5);
  });

  test('what is read is shared, and cannot be changed', async (t) => {
    const store = create(t).open();
    await store.write(context, (tx) => tx.put(cluster('shop', { nested: { n: 1 } })));
    const read = store.read((reader) => reader.resource(cluster('shop').path));
    const { nested } = (read as StoredResource).spec as { nested: { n: number } };
    assert.throws(() => {
      nested.n = 2;
    }, TypeError);
  });
}

interface Step {
  readonly kind: 'put' | 'remove' | 'throw' | 'dry';
  readonly name: number;
  readonly connection: number;
}

/** A cluster with a service below it, or neither. */
function write(store: Store, { kind, name }: Step, n: number, model: Map<string, number>): Promise<unknown> {
  const shop = cluster(`c${name}`, { n });
  const http = service(`c${name}`, 'http');
  const change = (tx: Transaction) => {
    if (kind === 'remove') {
      if (tx.resource(http.path)) tx.remove(http.path);
      if (tx.resource(shop.path)) tx.remove(shop.path);
      model.delete(shop.path);
      return;
    }
    tx.put(shop);
    tx.put({ ...http, spec: { n } });
    assert.deepEqual(tx.resource(shop.path)?.spec, { n });
    if (kind === 'throw') throw new Error('the caller changed its mind');
    if (kind === 'put') model.set(shop.path, n);
  };
  return store.write(context, change, { dryRun: kind === 'dry' });
}

const NAMES = [0, 1, 2, 3];

function shown(store: Store) {
  return store.read((reader) =>
    NAMES.map((name) => {
      const { path } = cluster(`c${name}`);
      const specs = [path, service(`c${name}`, 'http').path].map((one) => reader.resource(one)?.spec ?? null);
      return [...specs, reader.hasChild(path, 'virtualService'), reader.hasChild(path, 'realServer')];
    }),
  );
}

function wanted(model: ReadonlyMap<string, number>) {
  return NAMES.map((name) => {
    const n = model.get(`${PROJECT}/clusters/c${name}`);
    return n === undefined ? [null, null, false, false] : [{ n }, { n }, true, false];
  });
}

function secretHash(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}
