/** Which writes may travel together: none may build on another of its batch, because each may yet be refused and undone. */
import type { OwnedEntry, Transaction } from '../store/store.js';

const BATCH_LIMIT = 256;

/** Takes the longest head of the queue in which no write is about a resource above or below another's. */
export function takeBatch<Q extends { readonly job: { readonly scope: string } }>(queue: Q[]): Q[] {
  const scopes = new Set<string>();
  const above = new Set<string>();
  let count = 0;
  for (const { job } of queue) {
    const ancestors = ancestorsOf(job.scope);
    if (count === BATCH_LIMIT || above.has(job.scope) || scopes.has(job.scope)) break;
    if (ancestors.some((path) => scopes.has(path))) break;
    scopes.add(job.scope);
    for (const path of ancestors) above.add(path);
    count += 1;
  }
  return queue.splice(0, count);
}

function ancestorsOf(path: string): string[] {
  const ancestors: string[] = [];
  for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
    ancestors.push(path.slice(0, end));
  }
  return ancestors;
}

/** Thrown inside a transaction: the write has to wait for the next batch. */
export class Postponed extends Error {}

/**
 * The keys that the writes of one batch have changed. Resources far apart meet here, when one takes a key that another has
 * just left: the second throws `Postponed`.
 */
export function createClaims(): (write: object, tx: Transaction) => Transaction {
  const holders = new Map<string, object>();
  return (write, tx) => {
    function claim(key: string): void {
      const holder = holders.get(key);
      if (holder !== undefined && holder !== write) throw new Postponed();
      holders.set(key, write);
    }
    return {
      ...tx,
      putEntry(entry: OwnedEntry) {
        claim(entry.key);
        tx.putEntry(entry);
      },
      removeEntry(key: string) {
        claim(key);
        tx.removeEntry(key);
      },
    };
  };
}
