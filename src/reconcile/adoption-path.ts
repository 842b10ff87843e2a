/**
 * The path of an adoption: read, commit, read again. The kernel is told nothing; what it has is what gets stored, and what
 * it did not have any more when that was durable is not made by us: such an adoption is undone as a whole.
 */

import { type DirectorTable, ipvsTableOf } from '../domain/entry.js';
import { DomainError } from '../domain/errors.js';
import { entryKindOf, frontendKeyOf } from '../domain/keys.js';
import { differences } from '../domain/plan.js';
import type { Slices } from '../domain/slices.js';
import type { Table } from '../domain/table.js';
import { KernelUnavailableError } from '../driver/kernel-error.js';
import type { Committed, EntryChange, Transaction, WriteContext } from '../store/store.js';
import { attempt, type KernelSide } from './apply-changes.js';
import { directorPath } from './converge-settings.js';
import { recordOwnership } from './record.js';
import type { Turns } from './turns.js';
import { dropAnswer, putBack, undoContext } from './undo.js';

export interface AdoptionJob<T> {
  readonly context: WriteContext;
  /** Keys of the services that it may be about. */
  readonly frontends: ReadonlySet<string>;
  /** `table` is what the kernel has of these services: every entry that is put must be in it as it is put. */
  readonly change: (tx: Transaction, table: Table) => T | Slices<T>;
  /** Writes down that it is done; not called when nothing was adopted. */
  readonly confirm: (tx: Transaction, value: T) => void;
}

export interface AdoptionPath {
  /**
   * Resolves when the adoption is durable and the kernel was seen to have all of it. Rejects with what `change` threw, with
   * KernelUnavailableError, or KERNEL_TABLE_CHANGED; then nothing was adopted.
   */
  adopt<T>(job: AdoptionJob<T>): Promise<Committed<T>>;
  /** Everything but the commit: rejects as the adoption would. */
  previewAdoption<T>(job: AdoptionJob<T>): Promise<Committed<T>>;
}

export function createAdoptionPath(side: KernelSide, { turns }: { turns: Turns }): AdoptionPath {
  const { store, driver, director } = side;

  async function read(frontends: ReadonlySet<string>): Promise<DirectorTable> {
    const table = await attempt(side, () => driver.readServices(frontends));
    if (table instanceof KernelUnavailableError) throw table;
    return table;
  }

  async function adopt<T>({ context, frontends, change, confirm }: AdoptionJob<T>): Promise<Committed<T>> {
    const table = ipvsTableOf(await read(frontends));
    const committed = await store.write(context, (tx) => change(tx, table));
    if (committed.entryChanges.length === 0) return committed;
    const fault = await faultOf(committed.entryChanges);
    if (fault) {
      await undo(context, committed, fault);
      throw fault;
    }
    await store.write(context, function* (tx) {
      yield* recordOwnership(tx, side, { gone: [], found: committed.entryChanges.map(({ key }) => key) });
      confirm(tx, committed.value);
    });
    director.foreignEntries = foreignBut(director.foreignEntries, committed.entryChanges);
    return committed;
  }

  /** Why the kernel cannot be said to have what was adopted; undefined when it has. */
  async function faultOf(changes: readonly EntryChange[]): Promise<Error | undefined> {
    const entries = changes.flatMap(({ after }) => after ?? []);
    const frontends = new Set(entries.map(({ key }) => frontendKeyOf(key)));
    try {
      const [first] = differences(entries, await read(frontends));
      if (!first) return undefined;
      const { key } = first.desired;
      return isIpvs(key) ? changedMeanwhile(director.name, key) : needsMore(director.name, key);
    } catch (error) {
      if (error instanceof KernelUnavailableError) return error;
      throw error;
    }
  }

  async function undo(context: WriteContext, committed: Committed<unknown>, fault: Error): Promise<void> {
    await store.write(context, (tx) => {
      const { name } = director;
      tx.record({
        kind: 'refused',
        resource: directorPath(name),
        director: name,
        operations: [],
        detail: fault.message,
      });
    });
    const undoing = undoContext(context, 'which the kernel did not confirm');
    await store.write(undoing, function* (tx) {
      yield* putBack(side, tx, committed);
      dropAnswer(tx, context);
    });
  }

  return {
    adopt: (job) => turns.run(() => adopt(job)),
    async previewAdoption({ context, frontends, change }) {
      const table = ipvsTableOf(await read(frontends));
      const committed = await store.write(context, (tx) => change(tx, table), { dryRun: true });
      const fault = await faultOf(committed.entryChanges);
      if (fault) throw fault;
      return committed;
    },
  };
}

/** What is left of those that the last pass counted; some of the adopted ones may be younger. */
function foreignBut(counted: number | null, changes: readonly EntryChange[]): number | null {
  return counted === null ? null : Math.max(0, counted - changes.filter(({ key }) => isIpvs(key)).length);
}

function isIpvs(key: string): boolean {
  const kind = entryKindOf(key);
  return kind === 'service' || kind === 'destination';
}

/** The cluster that adopts wants more for its services than there is, and an adoption tells a director nothing. */
function needsMore(director: string, key: string): DomainError {
  return new DomainError(
    'ADOPTION_NEEDS_MORE',
    `The cluster would also need ${key}, which is not there as it should be: adopt into a cluster without vip.interface and ` +
      'with method nat, and set these afterwards.',
    { metadata: { director, key } },
  );
}

function changedMeanwhile(director: string, key: string): DomainError {
  return new DomainError(
    'KERNEL_TABLE_CHANGED',
    `Somebody changed ${key} in the kernel while it was being adopted: nothing was adopted. Try again.`,
    { metadata: { director, key } },
  );
}
