/** Accepted writes that the kernel has not heard of: what they changed is no drift. */
import type { OwnedEntry, Reader, Store, Transaction } from '../store/store.js';
import type { Problems } from './problems.js';

/** Keys of entries and settings that were changed while the kernel could not be told; kept over restarts. */
export interface Owed {
  has(key: string): boolean;
  keys(): IterableIterator<string>;
  add(tx: Transaction, key: string): void;
  /** The kernel has been told, or there is nothing left to tell. */
  remove(tx: Transaction, key: string): void;
}

/** `isRecovering`: what was changed and never answered, because lvsd was killed, is owed too. */
export function createOwed(store: Store, { isRecovering }: { isRecovering: boolean }): Owed {
  const keys = new Set(store.read((reader) => reader.owed()));
  if (isRecovering) for (const key of store.read(unanswered)) keys.add(key);
  return {
    has: (key) => keys.has(key),
    keys: () => keys.values(),
    add(tx, key) {
      tx.putOwed(key);
      keys.add(key);
    },
    remove(tx, key) {
      if (keys.delete(key)) tx.removeOwed(key);
    },
  };
}

const EVENTS_PER_PAGE = 500;

/** The keys of everything that was changed, or is below it, since an answer of the kernel was last written down. */
function unanswered(reader: Reader): Set<string> {
  const answers = (['apply', 'refused'] as const).flatMap((kind) =>
    reader.events({ kinds: [kind], order: 'descending', limit: 1 }),
  );
  const keys = new Set<string>();
  for (let after = Math.max(0, ...answers.map(({ id }) => id)); ; ) {
    const changes = reader.events({ kinds: ['change'], order: 'ascending', after, limit: EVENTS_PER_PAGE });
    for (const { resource } of changes) {
      for (const { key } of reader.entriesOf(resource)) keys.add(key);
    }
    if (changes.length < EVENTS_PER_PAGE) return keys;
    after = changes.at(-1)?.id ?? after;
  }
}

/** Whether somebody asked for what the kernel does not have yet: then a difference is no drift. */
export function isRequested(
  { owed, problems }: { readonly owed: Owed; readonly problems: Problems },
  { key, state, origin }: OwnedEntry,
): boolean {
  return (
    state === 'removing' || origin === 'fresh' || owed.has(key) || problems.get(key)?.state === 'pending'
  );
}
