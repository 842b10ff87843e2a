/** A drain that has begun is cut: what waits to leave the kernel leaves it now, with the connections that it has. */
import { DomainError, type Violation, violationError } from '../../domain/errors.js';
import { entryKindOf } from '../../domain/keys.js';
import type { Reconciler } from '../../reconcile/reconciler.js';
import type { OwnedEntry, Reader, Store, Transaction } from '../../store/store.js';
import { authorise } from '../access/authorise.js';
import type { Directors } from '../control.js';
import { removed } from '../entries/leaving.js';
import { keeping } from '../retries/kept-answers.js';
import { previewOf, writeContext } from '../write-context.js';
import { requireKnownDirector } from './directors.js';

interface Dependencies {
  readonly store: Store;
  readonly reconciler: Reconciler;
}

export function createDrainCuts({ store, reconciler }: Dependencies): Directors['cutDrain'] {
  const { name: director } = reconciler.director;

  function cut(tx: Transaction, key: string, allowMissing: boolean): void {
    if (allowMissing && !isDraining(tx.entry(key))) return;
    for (const entry of leavingTogether(tx, leavingEntry(tx, key))) {
      const detail = `${entry.key} is removed at once: its drain is cut by request.`;
      tx.record({ kind: 'drain', resource: entry.path, director, detail });
      tx.putEntry(removed(entry));
    }
  }

  return async (call, name, key, { validateOnly = false, allowMissing = false }) => {
    authorise(call, 'deleteDrain');
    requireKnownDirector(director, name);
    if (key === '') throw violationError([KEY_REQUIRED]);
    const job = {
      context: writeContext(call, 'deleteDrain'),
      scope: store.read((reader) => scopeOf(reader, key, allowMissing)),
      irrevocable: true,
      change: keeping(
        call,
        (tx) => cut(tx, key, allowMissing),
        () => ({ pending: false }),
      ),
    };
    if (validateOnly) return { preview: previewOf(await reconciler.preview(job)) };
    return { pending: (await reconciler.write(job)).pending };
  };
}

const KEY_REQUIRED: Violation = {
  reason: 'FIELD_REQUIRED',
  pointer: '/key',
  detail: 'key is required: that of the drain, as the list has it.',
};

/** Throws as `leavingEntry`, unless there may be none. */
function scopeOf(reader: Reader, key: string, allowMissing: boolean): string {
  const mayBeGone = allowMissing && !isDraining(reader.entry(key));
  return mayBeGone ? '' : leavingEntry(reader, key).path;
}

function isDraining(entry: OwnedEntry | undefined): boolean {
  return (
    entry !== undefined &&
    entry.state !== 'removing' &&
    (entry.state !== 'living' || entry.drainDeadline !== null)
  );
}

/** Throws DRAIN_NOT_FOUND, or DRAIN_CANNOT_BE_CUT for what stays, or waits for services. */
function leavingEntry(reader: Reader, key: string): OwnedEntry {
  const entry = reader.entry(key);
  const metadata = { key };
  if (!entry || !isDraining(entry)) {
    const detail = `${key} is not draining: GET /v1/directors/{director}/drains has the keys of what is.`;
    throw new DomainError('DRAIN_NOT_FOUND', detail, { metadata });
  }
  const kind = entryKindOf(key);
  if (entry.state === 'draining' && (kind === 'destination' || kind === 'service')) return entry;
  const detail =
    entry.state === 'living'
      ? `${key} stays in the kernel with weight 0: disable or delete ${entry.path} with drain=false to cut its connections.`
      : `${key} leaves with the last virtual service that uses it: cut the drain of that one.`;
  throw new DomainError('DRAIN_CANNOT_BE_CUT', detail, { metadata });
}

/** A service goes with everything that drains behind it. */
function leavingTogether(reader: Reader, entry: OwnedEntry): OwnedEntry[] {
  if (entryKindOf(entry.key) !== 'service') return [entry];
  return reader.entriesOfFrontend(entry.key).filter(({ state }) => state === 'draining');
}
