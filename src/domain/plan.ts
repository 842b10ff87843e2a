/**
 * The one comparison of what should be with what is. It serves a single change, the periodic pass, start-up and the drift
 * report alike. Pure, total, and indifferent to entries that lvsd does not own: those are never in `desired`.
 */
import { frontendKeyOf, parseDestination, parseFrontend } from './keys.js';
import type {
  DestinationConfig,
  DestinationEntry,
  Operation,
  ServiceConfig,
  ServiceEntry,
  Table,
  TableEntry,
} from './table.js';

/**
 * An entry that lvsd owns: to be there with these attributes (living), to have them as long as it is there (draining), or to
 * be gone (removing).
 */
export interface DesiredEntry {
  readonly key: string;
  readonly state: 'living' | 'draining' | 'removing';
  readonly config: ServiceConfig | DestinationConfig;
}

/** missing: wanted and not there. different: there with other attributes. unwanted: there and to be gone. */
export type Difference<D extends DesiredEntry = DesiredEntry> =
  | { readonly type: 'missing'; readonly desired: D; readonly actual: null }
  | { readonly type: 'different' | 'unwanted'; readonly desired: D; readonly actual: TableEntry };

/** Where the kernel differs from the desired entries, in their order. */
export function differences<D extends DesiredEntry>(desired: Iterable<D>, actual: Table): Difference<D>[] {
  const found: Difference<D>[] = [];
  for (const entry of desired) {
    const present = actual.get(entry.key);
    if (entry.state === 'removing') {
      if (present) found.push({ type: 'unwanted', desired: entry, actual: present });
    } else if (!present) {
      if (entry.state === 'living') found.push({ type: 'missing', desired: entry, actual: null });
    } else if (!hasConfig(present, entry.config)) {
      found.push({ type: 'different', desired: entry, actual: present });
    }
  }
  return found;
}

/**
 * The operations that remove the differences: virtual services are made or edited before their destinations, and
 * whatever drains or goes comes last, so that no service is without real servers in between. Entries are edited in place. The
 * kernel removes the destinations of a removed service with it, so these need no operation of their own.
 */
export function operationsFor(found: readonly Difference[]): Operation[] {
  const services: Operation[] = [];
  const destinations: Operation[] = [];
  const drained: Operation[] = [];
  const removals: Operation[] = [];
  const goingServices = new Set<string>();
  for (const { type, desired } of found) {
    if (type === 'unwanted' && frontendKeyOf(desired.key) === desired.key) goingServices.add(desired.key);
  }
  for (const { type, desired } of found) {
    const { key } = desired;
    const frontendKey = frontendKeyOf(key);
    if (frontendKey === key) {
      const frontend = parseFrontend(key);
      if (type === 'unwanted') continue;
      const command = type === 'missing' ? 'NEW_SERVICE' : 'SET_SERVICE';
      services.push({ command, key, frontend, config: desired.config as ServiceConfig });
    } else {
      const parsed = parseDestination(key);
      if (type === 'unwanted') {
        if (!goingServices.has(frontendKey)) removals.push({ command: 'DEL_DEST', key, ...parsed });
        continue;
      }
      const command = type === 'missing' ? 'NEW_DEST' : 'SET_DEST';
      const operation = { command, key, ...parsed, config: desired.config as DestinationConfig } as const;
      if (desired.state === 'draining') drained.push(operation);
      else destinations.push(operation);
    }
  }
  for (const key of goingServices)
    removals.push({ command: 'DEL_SERVICE', key, frontend: parseFrontend(key) });
  return [...services, ...destinations, ...drained, ...removals];
}

/** The table entry that a living desired entry should become. */
export function tableEntryOf({ key, config }: DesiredEntry): TableEntry {
  if (frontendKeyOf(key) === key) {
    return { kind: 'service', key, frontend: parseFrontend(key), config: config as ServiceConfig };
  }
  return { kind: 'destination', key, ...parseDestination(key), config: config as DestinationConfig };
}

/** Whether an entry of the kernel has these attributes, which are those of its kind. */
export function hasConfig(present: TableEntry, wanted: ServiceConfig | DestinationConfig): boolean {
  return present.kind === 'service'
    ? sameService(present, wanted as ServiceConfig)
    : sameDestination(present, wanted as DestinationConfig);
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

function sameDestination({ config: have }: DestinationEntry, want: DestinationConfig): boolean {
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
