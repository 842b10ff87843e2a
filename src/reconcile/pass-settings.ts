/** The part of a pass that is about timeouts and synchronisation daemons. */
import type { SettingDifference } from '../domain/director-plan.js';
import type { Section } from '../domain/schema/director-settings.js';
import type { Transaction, WriteContext } from '../store/store.js';
import type { KernelSide } from './apply-changes.js';
import {
  convergeSettings,
  directorPath,
  noteSettings,
  owedKey,
  SECTIONS,
  type SettingConvergence,
} from './converge-settings.js';
import { isRestricted } from './drift-policy.js';
import type { Tally, Trigger } from './pass.js';
import { recordApplied, recordRefused } from './record.js';
import { judge } from './verdict.js';

export async function passSettings(
  side: KernelSide,
  { context, trigger }: { context: WriteContext; trigger: Trigger },
  tally: Tally,
): Promise<void> {
  const { director, store, owed } = side;
  const before = new Map(director.settingProblems);
  const asked = SECTIONS.filter((section) => isAsked(side, section));
  const sections = trigger === 'request' || !isRestricted(side) ? SECTIONS : asked;
  const convergence = await convergeSettings(side, sections);
  const failing = noteSettings(side, convergence, sections);
  const drifting = noteLeft(side, convergence, sections);
  const isDrift = ({ section }: SettingDifference) =>
    !asked.includes(section) && before.get(section)?.state !== 'refused';
  const repaired = convergence.differences.filter(isDrift);
  const news = repaired.filter(({ section }) => !before.has(section));
  const refusals = convergence.results.filter((result) => judge(result) === 'refused');
  tally.drift += repaired.length + convergence.left.length;
  tally.left += convergence.left.length;
  tally.operations += convergence.results.length;
  tally.refused += refusals.length;

  const told = asked.filter(
    (section) => !director.settingProblems.has(section) && owed.has(owedKey(section)),
  );
  const isNew = [news, failing, drifting, told].some(({ length }) => length > 0);
  if (!isNew && refusals.length === convergence.results.length) return;
  const report = { director: director.name, resource: directorPath(director.name), ...convergence };
  await store.write(context, function* (tx) {
    for (const one of news) recordSetting(tx, report, { one, remark: 'set back.' });
    for (const one of convergence.left.filter(({ section }) => drifting.includes(section))) {
      recordSetting(tx, report, { one, remark: 'left as it is.' });
    }
    const detail = director.settingProblems.get(failing[0] ?? 'timeouts')?.detail;
    if (failing.length > 0 && detail) yield* recordRefused(tx, { ...report, detail });
    else yield* recordApplied(tx, report);
    for (const section of told) owed.remove(tx, owedKey(section));
  });
}

/** Whether an accepted write of it has not reached the kernel. */
function isAsked({ director, owed }: KernelSide, section: Section): boolean {
  return owed.has(owedKey(section)) || director.settingProblems.get(section)?.state === 'pending';
}

/** Returns the sections whose drift was not known as it is now. */
function noteLeft(
  { director }: KernelSide,
  { left }: SettingConvergence,
  sections: readonly Section[],
): Section[] {
  const news: Section[] = [];
  for (const section of SECTIONS.filter((one) => !sections.includes(one))) {
    const own = left.filter((one) => one.section === section);
    if (own.length === 0) {
      director.settingProblems.delete(section);
      continue;
    }
    const what = own.map(({ key, actual }) => `${key} is ${JSON.stringify(actual)} in the kernel`).join(', ');
    const detail = `${what}; it is left so until a reconciliation is requested.`;
    if (director.settingProblems.get(section)?.detail !== detail) news.push(section);
    director.settingProblems.set(section, { state: 'drifted', detail });
  }
  return news;
}

function recordSetting(
  tx: Transaction,
  { director, resource }: { director: string; resource: string },
  { one: { key, actual, desired }, remark }: { one: SettingDifference; remark: string },
): void {
  tx.record({
    kind: 'drift',
    resource,
    director,
    before: actual && { key, ...actual },
    after: desired && { key, ...desired },
    detail: `${key} was otherwise in the kernel: ${remark}`,
  });
}
