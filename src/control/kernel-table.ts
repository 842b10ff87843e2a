/** The driver's flat table as callers see it: services with their destinations, each with its owner. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { familyOf, isFwmark } from '../domain/keys.js';
import type { TableService } from '../domain/schema/director.js';
import type { DestinationEntry, ServiceEntry, Stats, Table } from '../domain/table.js';
import type { Store } from '../store/store.js';

type TableDestination = TableService['destinations'][number];

const ENTRIES_PER_SLICE = 1000;

export async function presentTable(store: Store, table: Table): Promise<TableService[]> {
  const services: TableService[] = [];
  let count = 0;
  for (const entry of table.values()) {
    const owner = store.read((reader) => reader.entry(entry.key)?.path) ?? null;
    if (entry.kind === 'service') services.push(presentService(entry, owner));
    else services[services.length - 1]?.destinations.push(presentDestination(entry, owner));
    count += 1;
    if (count % ENTRIES_PER_SLICE === 0) await nextTurn();
  }
  return services;
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
