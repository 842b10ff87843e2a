/** The driver's flat table as callers see it: services with their destinations, addresses, source NAT, each with its owner. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { AddressEntry, DirectorTable, SnatEntry } from '../../domain/entry.js';
import { familyOf, isFwmark } from '../../domain/keys.js';
import type { KernelTable, TableAddress, TableService, TableSnat } from '../../domain/schema/director.js';
import type { DestinationEntry, ServiceEntry, Stats } from '../../domain/table.js';
import type { Store } from '../../store/store.js';

type Parts = Pick<KernelTable, 'services' | 'addresses' | 'snat'>;
type TableDestination = TableService['destinations'][number];

const ENTRIES_PER_SLICE = 1000;

export async function presentTable(
  store: Store,
  table: DirectorTable,
  { stats = false }: { stats?: boolean },
): Promise<Parts> {
  const parts: Parts = { services: [], addresses: [], snat: [] };
  const vips = new Set<string>();
  let count = 0;
  for (const entry of table.values()) {
    const owner = store.read((reader) => reader.entry(entry.key)?.path) ?? null;
    switch (entry.kind) {
      case 'service':
        parts.services.push(presentService(stats ? entry : withoutStats(entry), owner));
        if (!isFwmark(entry.frontend)) vips.add(entry.frontend.address);
        break;
      case 'destination':
        parts.services[parts.services.length - 1]?.destinations.push(
          presentDestination(stats ? entry : withoutStats(entry), owner),
        );
        break;
      case 'address':
        if (owner !== null || entry.ours || vips.has(entry.address)) {
          parts.addresses.push(presentAddress(entry, owner));
        }
        break;
      case 'snat':
        parts.snat.push(presentSnat(entry, owner));
    }
    count += 1;
    if (count % ENTRIES_PER_SLICE === 0) await nextTurn();
  }
  return parts;
}

/** Connection counts stay: they are what the table is looked at for. */
function withoutStats<E extends ServiceEntry | DestinationEntry>({
  stats: _,
  ...entry
}: E): Omit<E, 'stats'> {
  return entry;
}

function presentAddress({ key, address, config, ours }: AddressEntry, owner: string | null): TableAddress {
  return {
    key,
    managed: owner !== null,
    resource: owner,
    address,
    ...config,
    boundBy: ours ? 'lvsd' : 'others',
  };
}

function presentSnat({ key, config }: SnatEntry, owner: string | null): TableSnat {
  return {
    key,
    managed: owner !== null,
    resource: owner,
    addresses: config.addresses && [...config.addresses],
  };
}

function presentService({ key, frontend, config, stats }: ServiceEntry, owner: string | null): TableService {
  return {
    key,
    managed: owner !== null,
    resource: owner,
    ...(isFwmark(frontend) ? { fwmark: frontend.fwmark } : frontend),
    family: familyOf(frontend),
    scheduler: config.scheduler,
    schedulerFlags: [...config.schedulerFlags],
    onePacket: config.onePacket,
    persistence: config.persistence,
    ...(stats && { stats: presentStats(stats) }),
    destinations: [],
  };
}

function presentDestination(entry: DestinationEntry, owner: string | null): TableDestination {
  const { key, backend, config, stats, connections } = entry;
  return {
    key,
    managed: owner !== null,
    resource: owner,
    ...backend,
    ...config,
    activeConnections: connections?.active ?? 0,
    inactiveConnections: connections?.inactive ?? 0,
    persistentConnections: connections?.persistent ?? 0,
    ...(stats && { stats: presentStats(stats) }),
  };
}

function presentStats(stats: Stats): Record<keyof Stats, string> {
  const entries = Object.entries(stats).map(([name, value]) => [name, String(value)]);
  return Object.fromEntries(entries) as Record<keyof Stats, string>;
}
