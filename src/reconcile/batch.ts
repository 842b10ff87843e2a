/** Which writes may travel together: none may build on another of its batch, because each may yet be refused and undone. */
import type { OwnedEntry, Transaction } from '../store/store.js';

const BATCH_LIMIT = 256;

/** Takes the longest head of the queue in which no write is about a resource above or below another's; "" is above all. */
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
  return path === '' ? ancestors : [...ancestors, ''];
}

/** Thrown inside a transaction: the write has to wait for the next batch. */
export class Postponed extends Error {}

interface Claim {
  /** Everyone who has looked at the entry or changed it. */
  readonly users: Set<object>;
  isChanged: boolean;
}

/**
 * The keys that the writes of one batch have looked at and changed. Resources far apart meet here, when one takes a key that
 * another has just left, or counts on an address that another shares: unless both only looked, the second throws `Postponed`.
 */
export function createClaims(): (write: object, tx: Transaction) => Transaction {
  const claims = new Map<string, Claim>();
  return (write, tx) => {
    function claim(key: string, isChange = true): void {
      const earlier = claims.get(key) ?? { users: new Set(), isChanged: false };
      const isAlone = earlier.users.size === 0 || (earlier.users.size === 1 && earlier.users.has(write));
      if (!isAlone && (isChange || earlier.isChanged)) throw new Postponed();
      earlier.users.add(write);
      earlier.isChanged ||= isChange;
      claims.set(key, earlier);
    }
    return {
      ...tx,
      entry(key: string) {
        claim(key, false);
        return tx.entry(key);
      },
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
