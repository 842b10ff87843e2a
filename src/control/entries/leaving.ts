/** How entries leave the kernel when their resources are gone. */
import { boundedDrainSeconds, KERNEL_UDP_SECONDS } from '../../domain/desired.js';
import type { DestinationConfig } from '../../domain/table.js';
import { directorSpec } from '../../reconcile/converge-settings.js';
import type { Reconciler } from '../../reconcile/reconciler.js';
import type { OwnedEntry, Reader, Transaction } from '../../store/store.js';

export interface Leaving {
  /** Let connections end first (until the entry's deadline), or cut them. */
  readonly drain: boolean;
  readonly now: Date;
  /** The director's UDP timeout, which bounds the drains of UDP services. */
  readonly udpSeconds: () => number;
}

/** As things stand in a transaction: the UDP timeout is what the director is to have, else what it was last seen to have. */
export function leavingNow(
  reader: Reader,
  { director }: Pick<Reconciler, 'director'>,
  { drain = true, now }: { drain: boolean | undefined; now: Date },
): Leaving {
  const wanted = () => directorSpec(reader, director.name).timeouts?.udpSeconds;
  return { drain, now, udpSeconds: () => wanted() ?? director.udpSeconds ?? KERNEL_UDP_SECONDS };
}

/**
 * Has an entry leave: a destination gets weight 0 and goes when its connections have ended; a service goes when its
 * destinations have. What is on its way already is left alone, unless it is not to drain any more.
 */
export function release(tx: Transaction, entry: OwnedEntry, leaving: Leaving): void {
  if (entry.state === 'removing' || (entry.state === 'draining' && leaving.drain)) return;
  tx.putEntry(leaving.drain ? drained(entry, leaving) : removed(entry));
}

function drained(entry: OwnedEntry, { now, udpSeconds }: Leaving): OwnedEntry {
  if (!('weight' in entry.config)) return { ...entry, state: 'draining' };
  if (entry.drainSeconds === 0) return removed(entry);
  const config: DestinationConfig = { ...entry.config, weight: 0 };
  if (entry.drainDeadline !== null) return { ...entry, state: 'draining', config };
  const drainSeconds = boundedDrainSeconds(entry.key, entry.drainSeconds, udpSeconds);
  return { ...entry, state: 'draining', config, drainSeconds, drainDeadline: deadline(drainSeconds, now) };
}

export function removed(entry: OwnedEntry): OwnedEntry {
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
