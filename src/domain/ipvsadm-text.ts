/**
 * A kernel table as ipvsadm 1.31 prints it: `ipvsadm -L` in its views and `ipvsadm -S`, byte for byte.
 * What ipvsadm has no word for (the method `bypass`, numbers without a meaning) is shown under its own name and saved as direct routing.
 */
import { inOrder, placeOfDestination, placeOfService } from './ipvsadm-order.js';
import {
  columns,
  LIST_TITLE,
  type ListView,
  METHODS,
  type NamedDestination,
  type ViewText,
  viewText,
} from './ipvsadm-views.js';
import { endpoint } from './keys.js';
import type { KernelTable, TableDestination, TableService } from './schema/director.js';

/** What the first line says of the kernel: version of IPVS and size of its connection table. */
export interface ListHeader {
  readonly ipvsVersion: string | null;
  readonly connectionTableSize: number | null;
}

const CHECKSUM_OPTIONS: Readonly<Record<string, string>> = {
  none: '--tun-nocsum',
  csum: '--tun-csum',
  remcsum: '--tun-remcsum',
};

/** Address and port as they are printed. `protocol` is that of the service, undefined behind a firewall mark. */
export type EndpointName = (address: string, port: number, protocol: string | undefined) => string;

interface ListOptions {
  readonly view?: ListView | undefined;
  /** As `--exact`. */
  readonly exact?: boolean | undefined;
  /** As `--nosort`: in the order of the table. */
  readonly unsorted?: boolean;
  /** Without it, numbers: `-n`. */
  readonly nameOf?: EndpointName;
}

/**
 * As `ipvsadm -L` prints it. Without a header (null) it is what `ipvsadm -L` prints of one service. The views stats and rate
 * need a table that was read with counters.
 */
export function ipvsadmList(
  table: Pick<KernelTable, 'services'>,
  header: ListHeader | null,
  { view = 'list', exact = false, unsorted = false, nameOf = endpoint }: ListOptions = {},
): string {
  const names = {
    frontend: (service: TableService) => listedFrontend(service, nameOf),
    service: (service: TableService) => listedService(service, nameOf),
  };
  const text = view === 'list' ? plainList(names.service) : viewText(view, { names, exact });
  const lines = [...(header ? [titleOf(header)] : []), ...text.titles];
  for (const service of unsorted ? table.services : inOrder(table.services, placeOfService)) {
    lines.push(text.service(service));
    const { destinations, protocol } = service;
    for (const one of unsorted ? destinations : inOrder(destinations, placeOfDestination)) {
      const name = cut(nameOf(one.address, one.port, protocol), 28);
      lines.push(text.destination({ ...one, name }));
    }
  }
  return `${lines.join('\n')}\n`;
}

function titleOf({ ipvsVersion, connectionTableSize }: ListHeader): string {
  return `IP Virtual Server version ${ipvsVersion ?? '0.0.0'} (size=${connectionTableSize ?? 0})`;
}

/** Long names of IPv4 are cut off; those of IPv6 push the columns aside. */
function cut(name: string, width: number): string {
  return name.startsWith('[') ? name : name.slice(0, width);
}

function plainList(service: ViewText['service']): ViewText {
  return {
    titles: [LIST_TITLE, '  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn'],
    service,
    destination: (one: NamedDestination) => columns(one, [METHODS[one.method].name, 7], [one.weight, 6]),
  };
}

/** As `ipvsadm -S` prints it, ready for `ipvsadm -R`; an empty table is no text at all. Without names: `ipvsadm -Sn`. */
export function ipvsadmSave(table: Pick<KernelTable, 'services'>, nameOf: EndpointName = endpoint): string {
  const lines = inOrder(table.services, placeOfService).flatMap((service) => {
    const name = savedFrontend(service, nameOf);
    const destinations = inOrder(service.destinations, placeOfDestination);
    const nameOfReal = (one: TableDestination) => nameOf(one.address, one.port, service.protocol);
    return [
      savedService(service, name),
      ...destinations.map((one) => saved(one, { service: name, real: nameOfReal(one) })),
    ];
  });
  return lines.map((line) => `${line}\n`).join('');
}

function listedService(service: TableService, nameOf: EndpointName): string {
  const { persistence } = service;
  return [
    listedFrontend(service, nameOf),
    schedulerOf(service),
    ...flagsOf(service).map((flags) => `(${flags})`),
    ...(persistence ? [`persistent ${persistence.timeoutSeconds}`] : []),
    ...maskOf(service).map((mask) => `mask ${mask}`),
    ...(persistence?.engine ? [`pe ${persistence.engine}`] : []),
    ...(service.onePacket ? ['ops'] : []),
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

function saved(
  { method, weight, tunnel }: TableDestination,
  names: { readonly service: string; readonly real: string },
): string {
  const rule = `-a ${names.service} -r ${names.real} ${METHODS[method].option} -w ${weight}`;
  if (!tunnel) return rule;
  return [
    `${rule} --tun-type ${tunnel.type}`,
    ...(tunnel.type === 'gue' ? [`--tun-port ${tunnel.port}`] : []),
    ...(tunnel.type === 'ipip' ? [] : [CHECKSUM_OPTIONS[tunnel.checksum]]),
  ].join(' ');
}

function listedFrontend(
  { fwmark, family, protocol = '', address = '', port = 0 }: TableService,
  nameOf: EndpointName,
): string {
  if (fwmark !== undefined) return `FWM  ${fwmark | 0}${family === 'ipv6' ? ' IPv6' : ''}`;
  return `${protocol.toUpperCase().padEnd(4)} ${cut(nameOf(address, port, protocol), 28)}`;
}

function savedFrontend(
  { fwmark, family, protocol = '', address = '', port = 0 }: TableService,
  nameOf: EndpointName,
): string {
  if (fwmark !== undefined) return `-f ${fwmark | 0}${family === 'ipv6' ? ' -6' : ''}`;
  const option = protocol === 'sctp' ? '--sctp-service' : `-${protocol[0]}`;
  return `${option} ${nameOf(address, port, protocol)}`;
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
