/** The comparison of a director's settings, wanted and had, as `plan.ts` is that of the table. Pure. */
import { isDeepStrictEqual } from 'node:util';
import {
  DAEMON_STATES,
  type DaemonState,
  type DirectorOperation,
  type DirectorSettings,
  daemonKey,
  keptLength,
  type SyncDaemon,
  type SyncDaemons,
  TIMEOUTS_KEY,
} from './director-operation.js';
import type { KernelSections, Section } from './schema/director-settings.js';

/** Null on a side: no daemon. */
export interface SettingDifference {
  readonly section: Section;
  readonly key: string;
  readonly desired: object | null;
  readonly actual: object | null;
  /** What removes it. A daemon cannot be edited: it is stopped and started. */
  readonly operations: readonly DirectorOperation[];
}

export function settingDifferences(
  { timeouts, syncDaemons }: KernelSections,
  actual: DirectorSettings,
): SettingDifference[] {
  const found: SettingDifference[] = [];
  if (timeouts && !isDeepStrictEqual({ ...timeouts }, { ...actual.timeouts })) {
    const key = TIMEOUTS_KEY;
    const operations = [{ command: 'SET_CONFIG', key, config: timeouts }] as const;
    found.push({ section: 'timeouts', key, desired: timeouts, actual: actual.timeouts, operations });
  }
  if (syncDaemons) found.push(...daemonDifferences(syncDaemons, actual.syncDaemons));
  return found;
}

function daemonDifferences(wanted: SyncDaemons, actual: SyncDaemons): SettingDifference[] {
  return DAEMON_STATES.flatMap((state) => {
    const [want, have] = [wanted[state], actual[state]];
    if (isSameDaemon(state, want, have)) return [];
    const key = daemonKey(state);
    const operations: DirectorOperation[] = [];
    if (have) operations.push({ command: 'DEL_DAEMON', key, state });
    if (want) operations.push({ command: 'NEW_DAEMON', key, state, config: want });
    return [{ section: 'syncDaemons', key, desired: want, actual: have, operations }];
  });
}

function isSameDaemon(state: DaemonState, want: SyncDaemon | null, have: SyncDaemon | null): boolean {
  if (!want || !have) return want === have;
  // Kernels that do not show the length have the one they choose.
  const maxLength = have.maxLength === null ? null : keptLength(state, want);
  return isDeepStrictEqual({ ...want, maxLength }, { ...have });
}
