/** What callers and the audit log are told of a write that the kernel refused. */
import { DomainError } from '../domain/errors.js';
import type { EntryChange } from '../store/store.js';
import type { Outcome } from './apply-changes.js';

export function refusalDetail({ refusal }: Pick<Outcome, 'refusal'>): string {
  return refusal?.reason === 'FOREIGN_ENTRY'
    ? `The kernel already holds ${refusal.key}, and lvsd did not make it.`
    : `The kernel refused ${refusal?.result?.error?.message ?? 'the change'}.`;
}

/** `changes` are the write's: one of them names the resource that it was about. */
export function refusalError(
  director: string,
  outcome: Pick<Outcome, 'refusal'>,
  changes: readonly EntryChange[],
): DomainError {
  const { refusal } = outcome;
  const change = changes.find(({ key }) => key === refusal?.key);
  const resource = (change?.after ?? change?.before)?.path;
  const error = refusal?.result?.error;
  const metadata = {
    director,
    key: refusal?.key ?? '',
    ...(resource !== undefined && { resource }),
    ...(error && { command: error.command, errno: String(error.errno), errnoName: error.errnoName }),
    ...(error?.extendedAck && { extendedAck: error.extendedAck }),
  };
  const remedy =
    refusal?.reason === 'FOREIGN_ENTRY'
      ? 'Nothing was changed: remove that entry or choose another.'
      : 'The change was undone.';
  return new DomainError(refusal?.reason ?? 'KERNEL_REFUSED', `${refusalDetail(outcome)} ${remedy}`, {
    metadata,
  });
}
