/**
 * The one comparison of what should be with what is. It serves a single change, the periodic pass, start-up and the drift
 * report alike. Pure, total, and indifferent to entries that lvsd does not own: those are never in `desired`.
 */
import type {
  AddressEntry,
  DirectorEntry,
  DirectorTable,
  EntryConfig,
  EntryOperation,
  SnatEntry,
} from './entry.js';
import { isDirectorsOwn, isHostOperation } from './entry.js';
import type { AddressConfig, SnatConfig } from './host-operation.js';
import {
  addressOfKey,
  entryKindOf,
  frontendKeyOf,
  frontendOfSnatKey,
  parseDestination,
  parseFrontend,
} from './keys.js';
import { atOnce, type Slices } from './slices.js';
import type { DestinationConfig, ServiceConfig, ServiceEntry } from './table.js';

/**
 * An entry that lvsd owns: to be there with these attributes (living), to have them as long as it is there (draining), or to
 * be gone (removing).
 */
export interface DesiredEntry {
  readonly key: string;
  readonly state: 'living' | 'draining' | 'removing';
  readonly config: EntryConfig;
  /** found: it was there before lvsd asked for it. An address that was is not lvsd's to remove. */
  readonly origin?: 'fresh' | 'made' | 'found';
}

/** missing: wanted and not there. different: there with other attributes. unwanted: there and to be gone. */
export type Difference<D extends DesiredEntry = DesiredEntry> =
  | { readonly type: 'missing'; readonly desired: D; readonly actual: null }
  | { readonly type: 'different' | 'unwanted'; readonly desired: D; readonly actual: DirectorEntry };

/** As a part of a sentence whose subject is the key: `has weight 7 in the kernel, not 1`. */
export function describeDifference({ type, desired, actual }: Difference): string {
  if (type === 'missing') return 'is not in the kernel';
  if (type === 'unwanted') return 'is still in the kernel';
  const have = actual.config as unknown as Record<string, unknown>;
  const parts = Object.entries(desired.config)
    .map(([name, want]) => [name, textOf(have[name]), textOf(want)] as const)
    .filter(([, has, wants]) => has !== wants)
    .map(([name, has, wants]) => `${name} ${has} in the kernel, not ${wants}`);
  return parts.length > 0 ? `has ${parts.join(', ')}` : 'is otherwise in the kernel';
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Where a director differs from the desired entries, in their order. */
export function differences<D extends DesiredEntry>(
  desired: Iterable<D>,
  actual: DirectorTable,
): Difference<D>[] {
  const found: Difference<D>[] = [];
  for (const entry of desired) {
    const present = actual.get(entry.key);
    if (entry.state === 'living') {
      if (!present) found.push({ type: 'missing', desired: entry, actual: null });
      else if (!hasConfig(present, entry.config))
        found.push({ type: 'different', desired: entry, actual: present });
    } else if (present && isDirectorsOwn(present)) {
      if (entry.state === 'removing') found.push({ type: 'unwanted', desired: entry, actual: present });
      else if (!hasConfig(present, entry.config))
        found.push({ type: 'different', desired: entry, actual: present });
    }
  }
  return found;
}

/** In the order in which operations are carried out. */
const PHASES = [
  'source NAT',
  'services',
  'destinations',
  'drained destinations',
  'addresses',
  'leaving addresses',
  'leaving destinations',
  'leaving services',
  'leaving source NAT',
] as const;
type Phase = (typeof PHASES)[number];

/**
 * The operations that remove the differences. What carries a service is made before it, its destinations after it, and its
 * address is bound last, so that no client meets a service that is not complete; removal goes the other way round, and
 * whatever drains or goes comes after what is made. Entries are edited in place. The kernel removes the destinations of a
 * removed service with it, so these need no operation of their own.
 */
export function operationsFor(found: readonly Difference[]): EntryOperation[] {
  return atOnce(operationsInSlices(found));
}

/** The same, for as many as a write may have. */
export function* operationsInSlices(found: readonly Difference[]): Slices<EntryOperation[]> {
  const going = new Set(found.filter(({ type }) => type === 'unwanted').map(({ desired }) => desired.key));
  const phases = new Map<Phase, EntryOperation[]>(PHASES.map((phase) => [phase, []]));
  for (const one of found) {
    const { key } = one.desired;
    const goesWithService = frontendKeyOf(key) !== key && going.has(frontendKeyOf(key));
    if (one.type === 'unwanted' && goesWithService) continue;
    const [phase, operation] = one.type === 'unwanted' ? removalOf(key) : settingOf(one);
    phases.get(phase)?.push(operation);
    yield;
  }
  return [...phases.values()].flat();
}

/**
 * The operations of several writes, which have nothing to do with one another, in one batch: neighbours of one kind travel
 * together. What is said above of their order holds for each write.
 */
export function inOneBatch(operations: readonly EntryOperation[]): EntryOperation[] {
  if (!operations.some(isHostOperation)) return [...operations];
  return operations.toSorted((a, b) => rankOf(a) - rankOf(b));
}

function rankOf({ command }: EntryOperation): number {
  const leaves = command.startsWith('DEL_');
  if (command.endsWith('_SNAT')) return leaves ? 4 : 0;
  if (command.endsWith('_ADDRESS')) return 2;
  return leaves ? 3 : 1;
}

function removalOf(key: string): [Phase, EntryOperation] {
  switch (entryKindOf(key)) {
    case 'service':
      return ['leaving services', { command: 'DEL_SERVICE', key, frontend: parseFrontend(key) }];
    case 'destination':
      return ['leaving destinations', { command: 'DEL_DEST', key, ...parseDestination(key) }];
    case 'address':
      return ['leaving addresses', { command: 'DEL_ADDRESS', key, address: addressOfKey(key) }];
    case 'snat':
      return [
        'leaving source NAT',
        { command: 'DEL_SNAT', key, frontend: parseFrontend(frontendOfSnatKey(key)) },
      ];
  }
}

/** An address that another interface has for somebody else is not moved from there: ours is a new one. */
function settingOf({ type, desired, actual }: Difference): [Phase, EntryOperation] {
  const { key, state } = desired;
  const verb = type === 'missing' || (actual && !isDirectorsOwn(actual)) ? 'NEW' : 'SET';
  switch (entryKindOf(key)) {
    case 'service': {
      const config = desired.config as ServiceConfig;
      return ['services', { command: `${verb}_SERVICE`, key, frontend: parseFrontend(key), config }];
    }
    case 'destination': {
      const config = desired.config as DestinationConfig;
      const phase = state === 'draining' ? 'drained destinations' : 'destinations';
      return [phase, { command: `${verb}_DEST`, key, ...parseDestination(key), config }];
    }
    case 'address': {
      const config = desired.config as AddressConfig;
      return ['addresses', { command: `${verb}_ADDRESS`, key, address: addressOfKey(key), config }];
    }
    case 'snat': {
      const config = desired.config as SnatConfig;
      const frontend = parseFrontend(frontendOfSnatKey(key));
      return ['source NAT', { command: `${verb}_SNAT`, key, frontend, config }];
    }
  }
}

/** The entry that a living desired entry should become. */
export function tableEntryOf({ key, config, origin }: DesiredEntry): DirectorEntry {
  switch (entryKindOf(key)) {
    case 'service':
      return { kind: 'service', key, frontend: parseFrontend(key), config: config as ServiceConfig };
    case 'destination':
      return { kind: 'destination', key, ...parseDestination(key), config: config as DestinationConfig };
    case 'address': {
      const ours = origin !== 'found';
      const address = addressOfKey(key);
      return { kind: 'address', key, address, config: config as AddressConfig, ours, elsewhere: [] };
    }
    case 'snat': {
      const frontend = parseFrontend(frontendOfSnatKey(key));
      return { kind: 'snat', key, frontend, config: config as SnatConfig };
    }
  }
}

/** Whether an entry of a director has these attributes, which are those of its kind. */
export function hasConfig(present: DirectorEntry, wanted: EntryConfig): boolean {
  switch (present.kind) {
    case 'service':
      return sameService(present, wanted as ServiceConfig);
    case 'destination':
      return sameDestination(present.config, wanted as DestinationConfig);
    case 'address':
      return sameAddress(present, wanted as AddressConfig);
    case 'snat':
      return sameSnat(present, wanted as SnatConfig);
  }
}

function sameService({ config: have }: ServiceEntry, want: ServiceConfig): boolean {
  return (
    have.scheduler === want.scheduler &&
    have.onePacket === want.onePacket &&
    have.schedulerFlags.join() === want.schedulerFlags.join() &&
    have.persistence?.timeoutSeconds === want.persistence?.timeoutSeconds &&
    have.persistence?.netmask === want.persistence?.netmask &&
    have.persistence?.engine === want.persistence?.engine
  );
}

/** Whether these are the same attributes. */
export function sameDestination(have: DestinationConfig, want: DestinationConfig): boolean {
  return (
    have.weight === want.weight &&
    have.method === want.method &&
    have.upperThreshold === want.upperThreshold &&
    have.lowerThreshold === want.lowerThreshold &&
    have.tunnel?.type === want.tunnel?.type &&
    have.tunnel?.port === want.tunnel?.port &&
    have.tunnel?.checksum === want.tunnel?.checksum
  );
}

/** Somebody else's serves with whatever prefix; ours is to be on the one interface only. */
function sameAddress({ config: have, ours, elsewhere }: AddressEntry, want: AddressConfig): boolean {
  if (!ours) return [have.interface, ...elsewhere].includes(want.interface);
  return (
    have.interface === want.interface && have.prefixLength === want.prefixLength && elsewhere.length === 0
  );
}

function sameSnat({ config: have }: SnatEntry, want: SnatConfig): boolean {
  return have.addresses?.join() === want.addresses?.join();
}
