/** What of the differences between kernel and definition lvsd may remove by itself, and what it leaves to a person. */
import type { Difference } from '../domain/plan.js';
import type { DriftPolicy } from '../domain/schema/drift-policy.js';
import type { OwnedEntry } from '../store/store.js';
import type { KernelSide } from './apply-changes.js';
import { directorSpec } from './converge-settings.js';
import { isRequested } from './owed.js';

type Found = readonly Difference<OwnedEntry>[];

/** The differences that may be removed now, in their order. */
export type Permit = (found: Found) => Found;

export const everything: Permit = (found) => found;

export function policyOf({ store, director }: KernelSide): DriftPolicy {
  return store.read((reader) => directorSpec(reader, director.name).driftPolicy);
}

/** Whether drift is left as it is: by the policy's mode, or because a pass was stopped by its limit. */
export function isRestricted(side: KernelSide): boolean {
  return side.director.held !== null || policyOf(side).mode === 'report';
}

/** What the accepted writes ask for, and nothing else. */
export function requestedOnly(side: KernelSide): Permit {
  return (found) => found.filter(({ desired }) => isRequested(side, desired));
}

/** A write may always do what it is about, and what earlier ones have asked for. */
export function permitOfWrite(side: KernelSide, keys: ReadonlySet<string>): Permit {
  if (!isRestricted(side)) return everything;
  return (found) => found.filter(({ desired }) => keys.has(desired.key) || isRequested(side, desired));
}

/** How much drift a pass may remove. */
export interface Allowance {
  /** Over the limit: from now on only what was requested. */
  readonly isSpent: boolean;
  /** Grants all, or, where that would be over the limit, only what is no drift. */
  readonly permit: Permit;
}

/** `limit` is a number of entries. */
export function createAllowance(
  side: KernelSide,
  { limit, isSpent: isSpentFromTheStart }: { limit: number; isSpent: boolean },
): Allowance {
  let used = 0;
  let isSpent = isSpentFromTheStart;
  return {
    get isSpent() {
      return isSpent;
    },
    permit(found) {
      const drift = found.filter((one) => countsAsDrift(side, one));
      isSpent ||= used + drift.length > limit;
      if (isSpent) return requestedOnly(side)(found);
      used += drift.length;
      return found;
    },
  };
}

/** What the kernel refused before is tried again and not counted again. */
export function countsAsDrift(side: KernelSide, { desired }: Difference<OwnedEntry>): boolean {
  return !isRequested(side, desired) && side.problems.get(desired.key)?.state !== 'refused';
}

/** How many entries an automatic pass may change in a table of this size. */
export function limitOf({ maxChangePercent, minChangeEntries }: DriftPolicy, ownedEntries: number): number {
  return Math.max(minChangeEntries, (ownedEntries * maxChangePercent) / 100);
}
