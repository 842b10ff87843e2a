/** Goes through the selected entries of the kernel's table: what can be adopted, and what is left out, and why. */
import { hasMixedFamilies } from '../../domain/keys.js';
import { isWithin, namesOf } from '../../domain/names.js';
import { type RecognisedServer, recogniseServer, recogniseService } from '../../domain/recognise.js';
import type { Adoption } from '../../domain/schema/adoption.js';
import type { VirtualServiceSpec } from '../../domain/schema/virtual-service.js';
import type { DestinationEntry, ServiceEntry, Table } from '../../domain/table.js';
import type { OwnedEntry, Reader } from '../../store/store.js';
import { isSynchronising } from '../entries/wanted-entries.js';
import type { Selection } from './adoption-selection.js';

/** A virtual service that becomes ours, or is ours already, with the real servers that become ours behind it. */
export interface FoundService {
  readonly key: string;
  /** Where it is defined already; null: it is foreign. */
  readonly path: string | null;
  /** Without forwarding when it is foreign. */
  readonly spec: VirtualServiceSpec;
  readonly servers: readonly FoundServer[];
}

export interface FoundServer {
  readonly key: string;
  readonly spec: RecognisedServer;
}

export type LeftOut = Adoption['leftOut'][number];

export interface Findings {
  /** In the kernel's order. */
  readonly services: readonly FoundService[];
  readonly leftOut: readonly LeftOut[];
}

interface Scene {
  readonly reader: Reader;
  readonly table: Table;
  /** Path of the cluster that takes what is adopted. */
  readonly cluster: string;
  readonly selection: Selection;
}

export function findAdoptable({ reader, table, cluster, selection }: Scene): Findings {
  const leftOut: LeftOut[] = [];
  const synchronising = isSynchronising(reader);

  function leaveOut(entries: readonly { readonly key: string }[], reason: string, detail: string): void {
    leftOut.push(...entries.map(({ key }) => ({ key, reason, detail })));
  }

  function serversOf(spec: VirtualServiceSpec, destinations: readonly DestinationEntry[]): FoundServer[] {
    return destinations.flatMap((entry) => {
      const recognised = recogniseServer(entry, spec);
      if ('obstacle' in recognised) {
        leftOut.push({ key: entry.key, ...recognised.obstacle });
        return [];
      }
      if (synchronising && hasMixedFamilies(entry.key)) {
        leaveOut([entry], 'SYNC_EXCLUDES_MIXED_FAMILIES', MIXED_FAMILIES);
        return [];
      }
      return [{ key: entry.key, spec: recognised.spec }];
    });
  }

  function foreignService(service: ServiceEntry, servers: readonly DestinationEntry[]): FoundService[] {
    if (!selection.has(service)) {
      leaveOut(servers, 'SERVICE_NOT_SELECTED', `${service.key} is foreign too: select it as well.`);
      return [];
    }
    const recognised = recogniseService(service);
    if ('obstacle' in recognised) {
      leftOut.push({ key: service.key, ...recognised.obstacle });
      leaveOut(servers, 'SERVICE_LEFT_OUT', `${service.key} is left out: see there.`);
      return [];
    }
    const { spec } = recognised;
    return [{ key: service.key, path: null, spec, servers: serversOf(spec, servers) }];
  }

  function ownService(owner: OwnedEntry, servers: readonly DestinationEntry[]): FoundService[] {
    const { key, path } = owner;
    if (owner.state !== 'living') {
      leaveOut(servers, 'SERVICE_LEAVING', `${key} has been deleted, and is gone soon.`);
    } else if (owner.origin === 'fresh') {
      leaveOut(
        servers,
        'SERVICE_NOT_APPLIED',
        `${key} is not in the kernel as ${path} wants it: see its status.`,
      );
    } else if (!isWithin(path, cluster)) {
      const { project, cluster: name } = namesOf(path);
      leaveOut(
        servers,
        'OTHER_CLUSTER',
        `${key} is in cluster ${name} of project ${project}: adopt it there.`,
      );
    } else {
      const spec = reader.resource(path)?.spec as VirtualServiceSpec;
      return [{ key, path, spec, servers: serversOf(spec, servers) }];
    }
    return [];
  }

  const groups = servicesOf(table).map(({ service, destinations }) => ({
    service,
    owner: reader.entry(service.key),
    foreign: destinations.filter((entry) => selection.has(entry) && !reader.entry(entry.key)),
  }));
  const services = groups.flatMap(({ service, owner, foreign }) => {
    if (!owner) return foreignService(service, foreign);
    return foreign.length > 0 ? ownService(owner, foreign) : [];
  });
  const withForeign = new Set(
    groups.filter(({ foreign }) => foreign.length > 0).map(({ service }) => service.key),
  );
  return { services, leftOut: [...leftOut, ...unmet({ reader, table, selection }, withForeign)] };
}

const MIXED_FAMILIES =
  'Its family is not that of its service, and the director synchronises connections: one of the two has to end.';

/** Keys that were named for nothing: of a service that is ours, its foreign destinations are meant. */
function unmet(
  { reader, table, selection }: Omit<Scene, 'cluster'>,
  withForeign: ReadonlySet<string>,
): LeftOut[] {
  return [...new Set(selection.keys ?? [])].flatMap((key) => {
    if (!table.has(key)) {
      return { key, reason: 'KERNEL_ENTRY_NOT_FOUND', detail: 'The kernel has no such entry now.' };
    }
    const owner = reader.entry(key);
    if (!owner || withForeign.has(key)) return [];
    return { key, reason: 'ALREADY_MANAGED', detail: `It is ${owner.path} already.` };
  });
}

interface Group {
  readonly service: ServiceEntry;
  readonly destinations: DestinationEntry[];
}

function servicesOf(table: Table): Group[] {
  const groups: Group[] = [];
  for (const entry of table.values()) {
    if (entry.kind === 'service') groups.push({ service: entry, destinations: [] });
    else groups.at(-1)?.destinations.push(entry);
  }
  return groups;
}
