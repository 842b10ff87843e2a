/** Makes timeouts and synchronisation daemons equal to the definition, as `converge.ts` does the table. */
import type { DirectorOperation } from '../domain/director-operation.js';
import { type SettingDifference, settingDifferences } from '../domain/director-plan.js';
import { type DirectorSpec, NOTHING_MANAGED, type Section } from '../domain/schema/director-settings.js';
import type { OperationResult } from '../driver/director-driver.js';
import type { Reader } from '../store/store.js';
import type { KernelSide } from './apply-changes.js';
import { judge } from './verdict.js';

export interface SettingConvergence {
  readonly differences: readonly SettingDifference[];
  /** Those of other sections than were asked for. */
  readonly left: readonly SettingDifference[];
  readonly results: readonly OperationResult<DirectorOperation>[];
  readonly durationMicros: number;
}

export const SECTIONS = ['timeouts', 'syncDaemons'] as const satisfies readonly Section[];

export function directorPath(name: string): string {
  return `directors/${name}`;
}

/** What the store wants of a director. */
export function directorSpec(reader: Reader, name: string): DirectorSpec {
  return { ...NOTHING_MANAGED, ...(reader.resource(directorPath(name))?.spec as Partial<DirectorSpec>) };
}

/** As `Owed` knows a section. */
export function owedKey(section: Section): string {
  return `settings/${section}`;
}

/** Reads, compares, applies the difference. Rejects with KernelUnavailableError when the kernel cannot be reached. */
export async function convergeSettings(
  { driver, store, director }: KernelSide,
  sections: readonly Section[],
): Promise<SettingConvergence> {
  const actual = await driver.readDirector();
  director.udpSeconds = actual.timeouts.udpSeconds;
  const found = settingDifferences(
    store.read((reader) => directorSpec(reader, director.name)),
    actual,
  );
  const differences = found.filter(({ section }) => sections.includes(section));
  const left = found.filter(({ section }) => !sections.includes(section));
  const started = process.hrtime.bigint();
  const operations = differences.flatMap((difference) => difference.operations);
  const results = operations.length === 0 ? [] : await driver.applyDirector(operations);
  const durationMicros = Number((process.hrtime.bigint() - started) / 1000n);
  return { differences, left, results, durationMicros };
}

/** Brings what is known of failures up to date; returns the sections that did not fail before as they do now. */
export function noteSettings(
  { director }: KernelSide,
  { differences, results }: SettingConvergence,
  sections: readonly Section[],
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
