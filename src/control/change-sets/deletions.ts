import { DomainError } from '../../domain/errors.js';
import type { Transaction } from '../../store/store.js';

/** A sentence shows the first ones. */
const SHOWN = 5;

/** Throws TOO_MANY_DELETIONS when the write, as far as it has come, removes more resources than this; undefined: any number. */
export function holdToDeletions(tx: Transaction, maxDeletions: number | undefined): void {
  if (maxDeletions === undefined) return;
  const deleted = tx.changes().filter(({ after }) => after === null);
  if (deleted.length <= maxDeletions) return;
  const names = deleted.slice(0, SHOWN).map(({ path }) => path);
  const more = deleted.length > SHOWN ? ', …' : '';
  throw new DomainError(
    'TOO_MANY_DELETIONS',
    `This would delete ${deleted.length} resources, and maxDeletions is ${maxDeletions}: ${names.join(', ')}${more}. ` +
      'Look at the preview (validateOnly), then raise maxDeletions if they are meant to go.',
    { metadata: { deletions: String(deleted.length), maxDeletions: String(maxDeletions) } },
  );
}
