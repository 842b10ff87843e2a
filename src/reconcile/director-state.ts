import type { AddressEntry } from '../domain/entry.js';
import type { Reconciliation } from '../domain/schema/director.js';
import type { Section } from '../domain/schema/director-settings.js';
import type { DirectorInfo } from '../driver/director-driver.js';

/** What lvsd knows of a director at this moment. Lives in memory: all of it is found again by the next pass. */
export interface DirectorState {
  readonly name: string;
  /** Why this driver was chosen, for people. */
  readonly driverReason: string;
  readonly driver: DirectorInfo['driver'];
  /** Null until the kernel has answered once. */
  info: DirectorInfo | null;
  /** The kernel answered the last time. */
  reachable: boolean;
  /** Why not, when it did not. */
  unreachableReason: string | null;
  /** A pass has been completed since the kernel was last unreachable: entries without a problem are in the kernel. */
  synced: boolean;
  /** A pass has been completed since lvsd started: before that nothing is known of any entry. */
  everSynced: boolean;
  lastReconciliation: Reconciliation | null;
  /** The UDP timeout that the kernel was last seen to have. */
  udpSeconds: number | null;
  /** Why passes leave drift to a person: there was more than the policy lets one change; null when there was not. */
  held: string | null;
  foreignEntries: number | null;
  /** The host's addresses at the last pass, by key; null before the first. */
  addresses: ReadonlyMap<string, AddressEntry> | null;
  /** Why a section of the settings is not in the kernel as it should be; one without a problem is. */
  readonly settingProblems: Map<Section, SettingProblem>;
}

export interface SettingProblem {
  readonly state: 'pending' | 'refused' | 'drifted';
  readonly detail: string;
}

export function createDirectorState(
  identity: Pick<DirectorState, 'name' | 'driver' | 'driverReason'>,
): DirectorState {
  return {
    ...identity,
    info: null,
    reachable: false,
    unreachableReason: 'not asked yet',
    synced: false,
    everSynced: false,
    lastReconciliation: null,
    udpSeconds: null,
    held: null,
    foreignEntries: null,
    addresses: null,
    settingProblems: new Map(),
  };
}

export function markReachable(state: DirectorState): void {
  state.reachable = true;
  state.unreachableReason = null;
}

export function markSynced(state: DirectorState): void {
  state.synced = true;
  state.everSynced = true;
}

export function markUnreachable(state: DirectorState, error: Error): void {
  state.reachable = false;
  state.synced = false;
  state.unreachableReason = error.message;
}
