/** How entries leave the kernel when their resources are gone. */
import type { DestinationConfig } from '../domain/table.js';
import type { OwnedEntry, Transaction } from '../store/store.js';

export interface Leaving {
  /** Let connections end first (until the entry's deadline), or cut them. */
  readonly drain: boolean;
  readonly now: Date;
}

/**
 * Has an entry leave: a destination gets weight 0 and goes when its connections have ended; a service goes when its
 * destinations have. What is on its way already is left alone, unless it is not to drain any more.
 */
export function release(tx: Transaction, entry: OwnedEntry, leaving: Leaving): void {
  if (entry.state === 'removing' || (entry.state === 'draining' && leaving.drain)) return;
  tx.putEntry(leaving.drain ? drained(entry, leaving.now) : removed(entry));
}

function drained(entry: OwnedEntry, now: Date): OwnedEntry {
  if (!('weight' in entry.config)) return { ...entry, state: 'draining' };
  if (entry.drainSeconds === 0) return removed(entry);
  const config: DestinationConfig = { ...entry.config, weight: 0 };
  const drainDeadline = entry.drainDeadline ?? deadline(entry.drainSeconds, now);
  return { ...entry, state: 'draining', config, drainDeadline };
}

function removed(entry: OwnedEntry): OwnedEntry {
  return { ...entry, state: 'removing', drainDeadline: null };
}

/** When a drain that begins now ends. */
export function deadline(seconds: number, now: Date): string {
  return new Date(now.getTime() + seconds * 1000).toISOString();
}

/** The deadline of a drain that goes on with another limit: counted from when it began. */
export function movedDeadline(entry: OwnedEntry & { drainDeadline: string }, seconds: number): string {
  return deadline(seconds - entry.drainSeconds, new Date(entry.drainDeadline));
}
