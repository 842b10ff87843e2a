/** Keeps timeouts and synchronisation daemons equal to the definition: as writes come, and in every pass. */

import type { DirectorOperation } from '../domain/director-operation.js';
import { type SettingDifference, settingDifferences } from '../domain/director-plan.js';
import { DomainError } from '../domain/errors.js';
import { type DirectorSpec, NOTHING_MANAGED, type Section } from '../domain/schema/director-settings.js';
import type { OperationResult } from '../driver/driver.js';
import { KernelUnavailableError } from '../driver/kernel-error.js';
import type { Committed, Reader, Transaction, WriteContext } from '../store/store.js';
import { attempt, type KernelSide } from './apply-changes.js';
import { recordApplied, recordRefused } from './record.js';
import type { Turns } from './turns.js';
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

interface SettingConvergence {
  readonly differences: readonly SettingDifference[];
  readonly results: readonly OperationResult<DirectorOperation>[];
  readonly durationMicros: number;
}

const SECTIONS = ['timeouts', 'syncDaemons'] as const satisfies readonly Section[];

export function directorPath(name: string): string {
  return `directors/${name}`;
}

/** What the store wants of a director. */
export function directorSpec(reader: Reader, name: string): DirectorSpec {
  return (reader.resource(directorPath(name))?.spec as DirectorSpec | undefined) ?? NOTHING_MANAGED;
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
      director.settingProblems.set(section, { state: 'pending', detail: outcome.message });
      requestPass();
      return { pending: true };
    }
    const refusal = outcome.results.find((result) => judge(result) === 'refused');
    if (!refusal || committed.changes.length === 0) {
      await store.write(context, (tx) =>
        recordApplied(tx, { director: director.name, resource: path, ...outcome }),
      );
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

  async function undo(
    { context, section }: Omit<SettingsJob, 'change'>,
    { changes }: Committed<void>,
  ): Promise<void> {
    const system: WriteContext = {
      ...context,
      actor: { principal: 'system', credentialId: null, roles: [] },
      transport: 'system',
      sourceAddress: null,
      reason: `undoes ${context.action}, which the kernel refused`,
      action: 'undo',
    };
    await store.write(system, (tx) => {
      for (const { before } of changes) {
        if (before) tx.put(before);
        else tx.remove(path);
      }
    });
    const outcome = await attempt(side, () => convergeSettings(side, [section]));
    if (outcome instanceof KernelUnavailableError) return requestPass();
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
          change(tx);
          spec = directorSpec(tx, director.name);
        },
        { dryRun: true },
      );
      const actual = await attempt(side, () => side.driver.readDirector());
      const isKnown = !(actual instanceof KernelUnavailableError);
      const differences = isKnown ? only([section], settingDifferences(spec, actual)) : [];
      return { ...committed, operations: differences.flatMap(({ operations }) => operations) };
    },
  };
}

/** Reads, compares, applies the difference. Rejects with KernelUnavailableError when the kernel cannot be reached. */
async function convergeSettings(
  { driver, store, director }: KernelSide,
  sections: readonly Section[] = SECTIONS,
): Promise<SettingConvergence> {
  const spec = store.read((reader) => directorSpec(reader, director.name));
  if (spec.timeouts === null && spec.syncDaemons === null) {
    return { differences: [], results: [], durationMicros: 0 };
  }
  const differences = only(sections, settingDifferences(spec, await driver.readDirector()));
  const started = process.hrtime.bigint();
  const operations = differences.flatMap((difference) => difference.operations);
  const results = operations.length === 0 ? [] : await driver.applyDirector(operations);
  return { differences, results, durationMicros: Number((process.hrtime.bigint() - started) / 1000n) };
}

function only(sections: readonly Section[], found: readonly SettingDifference[]): SettingDifference[] {
  return found.filter(({ section }) => sections.includes(section));
}

/** Brings what is known of failures up to date; returns the sections that did not fail before as they do now. */
function noteSettings(
  { director }: KernelSide,
  { differences, results }: SettingConvergence,
  sections: readonly Section[] = SECTIONS,
): Section[] {
  const news: Section[] = [];
  for (const section of sections) {
    const keys = differences.filter((one) => one.section === section).map(({ key }) => key);
    const failed = results.find((result) => keys.includes(result.operation.key) && judge(result) !== 'done');
    if (!failed?.error) {
      director.settingProblems.delete(section);
      continue;
    }
    const state = judge(failed) === 'refused' ? 'refused' : 'pending';
    const detail = `The kernel refused ${failed.error.message}. It is tried again at every pass.`;
    if (director.settingProblems.get(section)?.detail !== detail) news.push(section);
    director.settingProblems.set(section, { state, detail });
  }
  return news;
}

/** The part of a pass that is about settings: returns how many differences there were and what became of them. */
export async function passSettings(
  side: KernelSide,
  context: WriteContext,
): Promise<{ drift: number; operations: number; refused: number }> {
  const { director, store } = side;
  const known = new Set(director.settingProblems.keys());
  const convergence = await convergeSettings(side);
  const news = noteSettings(side, convergence);
  const drifted = convergence.differences.filter(({ section }) => !known.has(section));
  const refusals = convergence.results.filter((result) => judge(result) === 'refused');
  const isNew = drifted.length > 0 || news.length > 0 || refusals.length < convergence.results.length;
  if (isNew) {
    const report = { director: director.name, resource: directorPath(director.name), ...convergence };
    await store.write(context, (tx) => {
      for (const { key, actual, desired } of drifted) {
        tx.record({
          kind: 'drift',
          resource: report.resource,
          director: report.director,
          before: actual && { key, ...actual },
          after: desired && { key, ...desired },
          detail: `${key} was otherwise in the kernel: set back.`,
        });
      }
      const detail = director.settingProblems.get(news[0] ?? 'timeouts')?.detail;
      if (news.length > 0 && detail) recordRefused(tx, { ...report, detail });
      else recordApplied(tx, report);
    });
  }
  return { drift: drifted.length, operations: convergence.results.length, refused: refusals.length };
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
