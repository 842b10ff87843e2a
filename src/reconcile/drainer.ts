/**
 * Ends drains: a destination leaves the kernel when it has no connections any more, or at its deadline; a service when its
 * destinations have left; what it stands on, source NAT and its address, when no service needs it. What is draining is in the store, so a restart goes on where the last process ended.
 */
import { isDeepStrictEqual } from 'node:util';
import {
  addressOfKey,
  entryKindOf,
  frontendKeyOf,
  frontendOfSnatKey,
  isFwmark,
  parseFrontend,
} from '../domain/keys.js';
import { namesOf, pathOf } from '../domain/names.js';
import type { DestinationEntry } from '../domain/table.js';
import { KernelUnavailableError } from '../driver/kernel-error.js';
import type { OwnedEntry, Reader, Transaction, WriteContext } from '../store/store.js';
import { attempt, type KernelSide } from './apply-changes.js';
import { connectionsLeft, isDrained, readDestinations } from './connections.js';
import type { WritePath, Written } from './write-path.js';

interface Dependencies {
  readonly side: KernelSide;
  readonly path: WritePath;
  readonly now: () => Date;
}

export interface Drainer {
  /**
   * Ends the drains that can end, of all frontends or of these, and of addresses. Resolves when the kernel has been told: true; false when it
   * could not be asked.
   */
  check(context: WriteContext, frontendKeys?: ReadonlySet<string>): Promise<boolean>;
}

/** An entry that may go, as it was when that was found. */
interface Ended {
  readonly entry: OwnedEntry;
  /** Why, for the audit log; null for what follows from the end of its destinations. */
  readonly detail: string | null;
}

export function createDrainer({ side, path, now }: Dependencies): Drainer {
  /** One write, so that many drains that end together cost the kernel one batch. */
  function finish(scope: string, ended: readonly Ended[], context: WriteContext): Promise<Written<void>> {
    return path.write({
      context,
      scope,
      irrevocable: true,
      *change(tx) {
        for (const one of ended) {
          end(tx, one, side.director.name);
          yield;
        }
      },
    });
  }

  return {
    async check(context, frontendKeys) {
      const draining = side.store
        .read((reader) => reader.drainingEntries())
        .filter(
          ({ key }) =>
            !frontendKeys || frontendKeys.has(frontendKeyOf(key)) || entryKindOf(key) === 'address',
        );
      if (draining.length === 0) return true;
      const destinations = draining.filter(isDestination);
      const keys = destinations.map(({ key }) => key);
      const present = await attempt(side, () => readDestinations(side, keys));
      if (present instanceof KernelUnavailableError) return false;
      const time = now().toISOString();
      const ended = destinations.flatMap(
        (entry) => endedDestination(entry, present.get(entry.key), time) ?? [],
      );
      const emptiedServices = emptied(draining, ended);
      const left = side.store.read((reader) => leftOver(reader, draining, emptiedServices));
      const groups = byCluster([...ended, ...emptiedServices, ...left]);
      const finished = await Promise.all(groups.map(([scope, group]) => finish(scope, group, context)));
      return finished.every(({ pending }) => !pending);
    },
  };
}

/**
 * A destination that the kernel still gives its weight to has not begun to drain: it may have no connections now and get
 * one before it is removed.
 */
function endedDestination(
  entry: OwnedEntry,
  present: DestinationEntry | undefined,
  time: string,
): Ended | undefined {
  const { key, drainDeadline } = entry;
  const deadline = drainDeadline ?? time;
  if (!isDrained(present?.connections, deadline, time)) return undefined;
  if (deadline > time && present && present.config.weight > 0) return undefined;
  const left = connectionsLeft(present?.connections);
  const detail =
    left === 0
      ? `${key} has no connections left.`
      : `The deadline of ${key}, ${deadline}, has passed: its last ${left} connections are cut.`;
  return { entry, detail };
}

/** The draining services whose draining destinations have all ended. */
function emptied(draining: readonly OwnedEntry[], ended: readonly Ended[]): Ended[] {
  const endedKeys = new Set(ended.map(({ entry }) => entry.key));
  const waiting = draining.filter((entry) => isDestination(entry) && !endedKeys.has(entry.key));
  const held = new Set(waiting.map(({ key }) => frontendKeyOf(key)));
  return draining
    .filter(({ key }) => entryKindOf(key) === 'service' && !held.has(key))
    .map((entry) => ({ entry, detail: null }));
}

/** The draining source NAT and addresses that no service may need any more, once these services have ended. */
function leftOver(reader: Reader, draining: readonly OwnedEntry[], services: readonly Ended[]): Ended[] {
  const ended = new Set(services.map(({ entry }) => entry.key));
  const addresses = new Set([...ended].map((key) => addressOfFrontend(key)));
  return draining
    .filter((entry) => {
      const { key } = entry;
      const kind = entryKindOf(key);
      if (kind === 'snat') return ended.has(frontendOfSnatKey(key)) || isFree(reader, entry);
      return kind === 'address' && (addresses.has(addressOfKey(key)) || isFree(reader, entry));
    })
    .map((entry) => ({ entry, detail: null }));
}

function addressOfFrontend(key: string): string | undefined {
  const frontend = parseFrontend(key);
  return isFwmark(frontend) ? undefined : frontend.address;
}

/** Whether nothing holds a draining entry that is not a destination. */
function isFree(reader: Reader, { key }: OwnedEntry): boolean {
  switch (entryKindOf(key)) {
    case 'snat':
      return (reader.entry(frontendOfSnatKey(key))?.state ?? 'removing') === 'removing';
    case 'address':
      return !reader.isServed(addressOfKey(key));
    default:
      return isEmpty(reader, key);
  }
}

/** Unless it has been put to use again since, or is draining anew; what waits for others may have to wait on. */
function end(tx: Transaction, { entry, detail }: Ended, director: string): void {
  if (!isDeepStrictEqual(tx.entry(entry.key), entry)) return;
  if (!isDestination(entry) && !isFree(tx, entry)) return;
  if (detail !== null) tx.record({ kind: 'drain', resource: entry.path, director, detail });
  tx.putEntry({ ...entry, state: 'removing', drainDeadline: null });
}

function isEmpty(reader: Reader, frontendKey: string): boolean {
  return reader
    .entriesOfFrontend(frontendKey)
    .every((entry) => !isDestination(entry) || entry.state === 'removing');
}

function isDestination({ key }: OwnedEntry): boolean {
  return entryKindOf(key) === 'destination';
}

/** With the path that the kernel operations of each group are recorded under: the cluster's, or that of a single entry. */
function byCluster(ended: readonly Ended[]): [string, Ended[]][] {
  const groups = new Map<string, Ended[]>();
  for (const one of ended) {
    const { project, cluster } = namesOf(one.entry.path);
    const path = pathOf({ project, ...(cluster !== undefined && { cluster }) });
    const group = groups.get(path);
    if (group) group.push(one);
    else groups.set(path, [one]);
  }
  return [...groups].map(([path, group]) => [
    group.length === 1 && group[0] ? group[0].entry.path : path,
    group,
  ]);
}
