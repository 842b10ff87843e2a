/**
 * A kernel table as ipvsadm 1.31 prints it: `ipvsadm -Ln` in its views and `ipvsadm -Sn`, byte for byte.
 * What ipvsadm has no word for (the method `bypass`) is shown under its own name and saved as direct routing.
 */
import { addressBytes } from './address.js';
import { type ListView, type ViewText, viewText } from './ipvsadm-views.js';
import { endpoint } from './keys.js';
import type { KernelTable, TableDestination, TableService } from './schema/director.js';

/** What the first line says of the kernel: version of IPVS and size of its connection table. */
export interface ListHeader {
  readonly ipvsVersion: string | null;
  readonly connectionTableSize: number | null;
}

const METHODS = {
  nat: { name: 'Masq', option: '-m' },
  dr: { name: 'Route', option: '-g' },
  tun: { name: 'Tunnel', option: '-i' },
  local: { name: 'Local', option: '-g' },
  bypass: { name: 'Bypass', option: '-g' },
} as const;

const CHECKSUM_OPTIONS: Readonly<Record<string, string>> = {
  none: '--tun-nocsum',
  csum: '--tun-csum',
  remcsum: '--tun-remcsum',
};

interface ListOptions {
  readonly view?: ListView | undefined;
  /** As `--exact`. */
  readonly exact?: boolean | undefined;
}

/** As `ipvsadm -Ln` prints it. The views stats and rate need a table that was read with counters. */
export function ipvsadmList(
  table: KernelTable,
  header: ListHeader,
  { view = 'list', exact = false }: ListOptions = {},
): string {
  const names = { frontend: listedFrontend, service: listedService };
  const text = view === 'list' ? PLAIN_LIST : viewText(view, { names, exact });
  const lines = [
    `IP Virtual Server version ${header.ipvsVersion ?? '0.0.0'} (size=${header.connectionTableSize ?? 0})`,
    ...text.titles,
  ];
  for (const service of inOrder(table.services, placeOfService)) {
    lines.push(text.service(service));
    for (const destination of inOrder(service.destinations, placeOfDestination))
      lines.push(text.destination(destination));
  }
  return `${lines.join('\n')}\n`;
}

const PLAIN_LIST: ViewText = {
  titles: [
    'Prot LocalAddress:Port Scheduler Flags',
    '  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn',
  ],
  service: listedService,
  destination: listed,
};

/** As `ipvsadm -Sn` prints it, ready for `ipvsadm -R`; an empty table is no text at all. */
export function ipvsadmSave(table: KernelTable): string {
  const lines = inOrder(table.services, placeOfService).flatMap((service) => {
    const name = savedFrontend(service);
    const destinations = inOrder(service.destinations, placeOfDestination);
    return [savedService(service, name), ...destinations.map((destination) => saved(destination, name))];
  });
  return lines.map((line) => `${line}\n`).join('');
}

function listedService(service: TableService): string {
  const { persistence } = service;
  return [
    listedFrontend(service),
    schedulerOf(service),
    ...flagsOf(service).map((flags) => `(${flags})`),
    ...(persistence ? [`persistent ${persistence.timeoutSeconds}`] : []),
    ...maskOf(service).map((mask) => `mask ${mask}`),
    ...(persistence?.engine ? [`pe ${persistence.engine}`] : []),
    ...(service.onePacket ? ['ops'] : []),
  ].join(' ');
}

function listed(destination: TableDestination): string {
  const { address, port, method, weight, activeConnections, inactiveConnections } = destination;
  return [
    '  ->',
    endpoint(address, port).padEnd(28),
    METHODS[method].name.padEnd(7),
    String(weight).padEnd(6),
    String(activeConnections).padEnd(10),
    String(inactiveConnections).padEnd(10),
  ].join(' ');
}

function savedService(service: TableService, name: string): string {
  const { persistence } = service;
  return [
    `-A ${name} -s ${schedulerOf(service)}`,
    ...(persistence ? [`-p ${persistence.timeoutSeconds}`] : []),
    ...maskOf(service).map((mask) => `-M ${mask}`),
    ...(persistence?.engine ? [`--pe ${persistence.engine}`] : []),
    ...(service.onePacket ? ['-o'] : []),
    ...flagsOf(service).map((flags) => `-b ${flags}`),
  ].join(' ');
}

function saved({ address, port, method, weight, tunnel }: TableDestination, name: string): string {
  const real = `-a ${name} -r ${endpoint(address, port)} ${METHODS[method].option} -w ${weight}`;
  if (!tunnel) return real;
  return [
    `${real} --tun-type ${tunnel.type}`,
    ...(tunnel.type === 'gue' ? [`--tun-port ${tunnel.port}`] : []),
    ...(tunnel.type === 'ipip' ? [] : [CHECKSUM_OPTIONS[tunnel.checksum]]),
  ].join(' ');
}

function listedFrontend({ fwmark, family, protocol = '', address = '', port = 0 }: TableService): string {
  if (fwmark !== undefined) return `FWM  ${fwmark | 0}${family === 'ipv6' ? ' IPv6' : ''}`;
  return `${protocol.toUpperCase().padEnd(4)} ${endpoint(address, port)}`;
}

function savedFrontend({ fwmark, family, protocol = '', address = '', port = 0 }: TableService): string {
  if (fwmark !== undefined) return `-f ${fwmark | 0}${family === 'ipv6' ? ' -6' : ''}`;
  const option = protocol === 'sctp' ? '--sctp-service' : `-${protocol[0]}`;
  return `${option} ${endpoint(address, port)}`;
}

/** The mask of a persistent service, unless each client address counts by itself. */
function maskOf({ persistence, family }: TableService): string[] {
  const whole = family === 'ipv4' ? '255.255.255.255' : '128';
  return persistence && persistence.netmask !== whole ? [persistence.netmask] : [];
}

/** A service that lost its scheduler (a refused change leaves it so) has the kernel's word for that. */
function schedulerOf({ scheduler }: TableService): string {
  return scheduler === '' ? 'none' : scheduler;
}

/** At most one text: all flags. Those that sh and mh do not have are left out, and nothing may remain. */
function flagsOf({ scheduler, schedulerFlags }: TableService): string[] {
  if (schedulerFlags.length === 0) return [];
  if (scheduler !== 'sh' && scheduler !== 'mh') return [schedulerFlags.join(',')];
  const names: Readonly<Record<string, string>> = {
    'flag-1': `${scheduler}-fallback`,
    'flag-2': `${scheduler}-port`,
  };
  return [schedulerFlags.flatMap((flag) => names[flag] ?? []).join(',')];
}

const PROTOCOL_NUMBERS: Readonly<Record<string, number>> = { tcp: 6, udp: 17, sctp: 132 };

/** What decides on an element's place, the first difference counting: numbers, words of the address, port. */
interface Place {
  readonly rank: readonly number[];
  readonly words: readonly number[];
  readonly port: number;
}

/** ipvs_cmp_services of libipvs. */
function placeOfService({ fwmark = 0, family, protocol = '', address, port = 0 }: TableService): Place {
  const rank = [fwmark, family === 'ipv4' ? 0 : 1, PROTOCOL_NUMBERS[protocol] ?? 0];
  return { rank, words: address === undefined ? [] : addressWords(address), port };
}

/** ipvs_cmp_dests of libipvs. */
function placeOfDestination({ address, port }: TableDestination): Place {
  return { rank: [], words: addressWords(address), port };
}

function addressWords(address: string): number[] {
  const view = new DataView(Uint8Array.from(addressBytes(address)).buffer);
  return Array.from({ length: view.byteLength / 4 }, (_, index) => view.getUint32(index * 4));
}

/**
 * As libipvs compares: by differences of C ints, so that far-apart values wrap round, and by as many words as the first
 * address has, whatever the second is.
 */
function compare(a: Place, b: Place): number {
  return firstDifference(a.rank, b.rank) || firstDifference(a.words, b.words) || a.port - b.port;
}

function firstDifference(left: readonly number[], right: readonly number[]): number {
  for (const [index, number] of left.entries()) {
    const difference = (number - (right[index] ?? 0)) | 0;
    if (difference !== 0) return difference;
  }
  return 0;
}

function inOrder<T>(elements: readonly T[], placeOf: (element: T) => Place): T[] {
  const placed = elements.map((element) => ({ element, place: placeOf(element) }));
  return mergeSort(placed).map(({ element }) => element);
}

/**
 * Sorts as qsort of the GNU C library does (a top-down merge sort, halves of n / 2 and the rest). The comparison is no
 * order, because it wraps round: what comes out depends on the algorithm.
 */
function mergeSort<T extends { readonly place: Place }>(elements: readonly T[]): readonly T[] {
  if (elements.length < 2) return elements;
  const middle = Math.floor(elements.length / 2);
  const left = mergeSort(elements.slice(0, middle));
  const right = mergeSort(elements.slice(middle));
  const merged: T[] = [];
  let [l, r] = [0, 0];
  while (l < left.length && r < right.length) {
    const [first, second] = [left[l] as T, right[r] as T];
    const isLeft = compare(first.place, second.place) <= 0;
    merged.push(isLeft ? first : second);
    if (isLeft) l += 1;
    else r += 1;
  }
  return merged.concat(left.slice(l), right.slice(r));
}
