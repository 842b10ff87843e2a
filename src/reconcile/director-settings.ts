/** The path of a write of timeouts or synchronisation daemons: commit, apply, record, answer. */

import type { DirectorOperation } from '../domain/director-operation.js';
import { settingDifferences } from '../domain/director-plan.js';
import { DomainError } from '../domain/errors.js';
import { NOTHING_MANAGED, type Section } from '../domain/schema/director-settings.js';
import { atOnce } from '../domain/slices.js';
import type { OperationResult } from '../driver/director-driver.js';
import { KernelUnavailableError } from '../driver/kernel-error.js';
import type { Committed, Transaction, WriteContext } from '../store/store.js';
import { attempt, type KernelSide } from './apply-changes.js';
import { convergeSettings, directorPath, directorSpec, noteSettings, owedKey } from './converge-settings.js';
import { recordApplied, recordRefused } from './record.js';
import type { Turns } from './turns.js';
import { dropAnswer, undoContext } from './undo.js';
import { judge } from './verdict.js';

export interface SettingsJob {
  readonly context: WriteContext;
  /** What the change is about: the other sections have no part in its outcome. */
  readonly section: Section;
  readonly change: (tx: Transaction) => void;
}

export interface SettingsPath {
  /**
   * As `WritePath.write`, for the resource of the director itself: resolves when the change is durable and the kernel has
   * answered or cannot be reached (`pending`), rejects KERNEL_REFUSED after undoing it.
   */
  writeSettings(job: SettingsJob): Promise<{ readonly pending: boolean }>;
  /** Everything but the commit and the kernel; the operations are those on the kernel as it is now. */
  previewSettings(
    job: SettingsJob,
  ): Promise<Committed<void> & { readonly operations: readonly DirectorOperation[] }>;
}

/** `requestPass` is called when the kernel may not be as the database says. */
export function createSettingsPath(
  side: KernelSide,
  { turns, requestPass }: { turns: Turns; requestPass: () => void },
): SettingsPath {
  const { store, director } = side;
  const path = directorPath(director.name);

  async function write({ context, section, change }: SettingsJob): Promise<{ pending: boolean }> {
    const committed = await store.write(context, change);
    const outcome = await attempt(side, () => convergeSettings(side, [section]));
    if (outcome instanceof KernelUnavailableError) {
      await postpone(context, section, outcome);
      return { pending: true };
    }
    const refusal = outcome.results.find((result) => judge(result) === 'refused');
    if (!refusal || committed.changes.length === 0) {
      await store.write(context, function* (tx) {
        yield* recordApplied(tx, { director: director.name, resource: path, ...outcome });
        side.owed.remove(tx, owedKey(section));
      });
      noteSettings(side, outcome, [section]);
      const pending = outcome.results.some((result) => judge(result) !== 'done');
      if (pending) requestPass();
      return { pending };
    }
    const detail = `The kernel refused ${refusal.error?.message}.`;
    await store.write(context, (tx) =>
      recordRefused(tx, { director: director.name, resource: path, ...outcome, detail }),
    );
    await undo({ context, section }, committed);
    throw refused(director.name, refusal, detail);
  }

  async function postpone(context: WriteContext, section: Section, { message }: Error): Promise<void> {
    await store.write(context, (tx) => side.owed.add(tx, owedKey(section)));
    director.settingProblems.set(section, { state: 'pending', detail: message });
    requestPass();
  }

  async function undo(
    { context, section }: Omit<SettingsJob, 'change'>,
    { changes }: Committed<void>,
  ): Promise<void> {
    const system = undoContext(context, 'which the kernel refused');
    await store.write(system, (tx) => {
      for (const { before } of changes) {
        if (before) tx.put(before);
        else tx.remove(path);
      }
      dropAnswer(tx, context);
    });
    const outcome = await attempt(side, () => convergeSettings(side, [section]));
    if (outcome instanceof KernelUnavailableError) return postpone(system, section, outcome);
    await store.write(system, (tx) =>
      recordApplied(tx, { director: director.name, resource: path, ...outcome }),
    );
    noteSettings(side, outcome, [section]);
  }

  return {
    writeSettings: (job) => turns.run(() => write(job)),
    async previewSettings({ context, section, change }) {
      let spec = NOTHING_MANAGED;
      const committed = await store.write(
        context,
        (tx) => {
          atOnce(change(tx));
          spec = directorSpec(tx, director.name);
        },
        { dryRun: true },
      );
      const actual = await attempt(side, () => side.driver.readDirector());
      const isKnown = !(actual instanceof KernelUnavailableError);
      const differences = isKnown ? settingDifferences(spec, actual) : [];
      const own = differences.filter((one) => one.section === section);
      return { ...committed, operations: own.flatMap(({ operations }) => operations) };
    },
  };
}

function refused(
  director: string,
  { operation, error }: OperationResult<DirectorOperation>,
  detail: string,
): DomainError {
  return new DomainError('KERNEL_REFUSED', `${detail} The change was undone.`, {
    metadata: {
      director,
      key: operation.key,
      command: operation.command,
      errno: String(error?.errno),
      errnoName: error?.errnoName ?? '',
    },
  });
}
