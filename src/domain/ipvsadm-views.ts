/** What `ipvsadm -Ln` shows of services and real servers under its options, as ipvsadm 1.31 prints it. */
import type { TableDestination, TableService } from './schema/director.js';
import type { KernelMethod } from './table.js';

/** Without an option (`list`), or with the one of this name. */
export const LIST_VIEWS = ['list', 'stats', 'rate', 'thresholds', 'persistent-conn', 'tun-info'] as const;
export type ListView = (typeof LIST_VIEWS)[number];

export interface ViewText {
  readonly titles: readonly [string, string];
  service(service: TableService): string;
  destination(destination: NamedDestination): string;
}

/** A real server with its address and port as they are to be printed. */
export interface NamedDestination extends TableDestination {
  readonly name: string;
}

/** How the list without an option names a service, in short and with its attributes. */
interface ServiceNames {
  frontend(service: TableService): string;
  service(service: TableService): string;
}

export const METHODS = {
  nat: { name: 'Masq', option: '-m' },
  dr: { name: 'Route', option: '-g' },
  tun: { name: 'Tunnel', option: '-i' },
  local: { name: 'Local', option: '-g' },
  bypass: { name: 'Bypass', option: '-g' },
  'method-5': { name: 'Method5', option: '-g' },
  'method-6': { name: 'Method6', option: '-g' },
  'method-7': { name: 'Method7', option: '-g' },
} as const satisfies Record<KernelMethod, { readonly name: string; readonly option: string }>;

export const LIST_TITLE = 'Prot LocalAddress:Port Scheduler Flags';

const REMOTE = '  -> RemoteAddress:Port';

/** `exact` spells large counters out. */
export function viewText(
  view: Exclude<ListView, 'list'>,
  { names, exact }: { names: ServiceNames; exact: boolean },
): ViewText {
  switch (view) {
    case 'stats':
    case 'rate':
      return countersText(COUNTERS[view], names, exact);
    case 'thresholds':
      return {
        titles: ['Prot LocalAddress:Port            Uthreshold Lthreshold ActiveConn InActConn ', REMOTE],
        service: names.service,
        destination: (one) => columns(one, [one.upperThreshold, 10], [one.lowerThreshold, 10]),
      };
    case 'tun-info':
      return {
        titles: [
          LIST_TITLE,
          '  -> RemoteAddress:Port           Forward TunnelInfo    Weight ActiveConn InActConn',
        ],
        service: names.service,
        destination: (one) =>
          columns(
            one,
            ...([
              [METHODS[one.method].name, 7],
              [tunnelInfo(one), 13],
              [one.weight, 6],
            ] as const),
          ),
      };
    case 'persistent-conn':
      return {
        titles: ['Prot LocalAddress:Port            Weight    PersistConn ActiveConn InActConn ', REMOTE],
        service: names.service,
        destination: (one) => columns(one, [one.weight, 9], [one.persistentConnections, 11]),
      };
  }
}

const COUNTERS = {
  stats: {
    title: '   Conns   InPkts  OutPkts  InBytes OutBytes',
    fields: ['connections', 'inPackets', 'outPackets', 'inBytes', 'outBytes'],
  },
  rate: {
    title: '     CPS    InPPS   OutPPS    InBPS   OutBPS',
    fields: ['connectionRate', 'inPacketRate', 'outPacketRate', 'inByteRate', 'outByteRate'],
  },
} as const;

function countersText(
  { title, fields }: (typeof COUNTERS)[keyof typeof COUNTERS],
  names: ServiceNames,
  exact: boolean,
): ViewText {
  const counted = (name: string, { stats }: Pick<TableService, 'stats'>) =>
    name + fields.map((field) => largeNumber(BigInt(stats?.[field] ?? 0), exact)).join('');
  return {
    titles: [`Prot LocalAddress:Port            ${title}`, REMOTE],
    service: (service) => counted(names.frontend(service).padEnd(33), service),
    destination: (one) => counted(`  -> ${one.name.padEnd(28)}`, one),
  };
}

/** print_largenum of ipvsadm.c: nine columns; from a hundred million on in thousands, millions and so on. */
export function largeNumber(value: bigint, exact: boolean): string {
  if (exact) return ` ${String(value).padStart(8)}`;
  if (value < 10n ** 8n) return String(value).padStart(9);
  const { unit, letter } = UNITS.find(({ below }) => value < below) ?? LARGEST_UNIT;
  return `${String(value / unit).padStart(8)}${letter}`;
}

const LARGEST_UNIT = { unit: 10n ** 12n, letter: 'T' };
const UNITS = [
  { below: 10n ** 9n, unit: 10n ** 3n, letter: 'K' },
  { below: 10n ** 11n, unit: 10n ** 6n, letter: 'M' },
  { below: 10n ** 14n, unit: 10n ** 9n, letter: 'G' },
];

/** A real server with the columns of the view, each with its width, and the connections that it has. */
export function columns(
  { name, activeConnections, inactiveConnections }: NamedDestination,
  ...view: readonly (readonly [number | string, number])[]
): string {
  const cells = [...view, [activeConnections, 10], [inactiveConnections, 10]] as const;
  return ['  ->', name.padEnd(28), ...cells.map(([cell, width]) => String(cell).padEnd(width))].join(' ');
}

const CHECKSUM_SIGNS: Readonly<Record<string, string>> = { none: '-c', csum: '+c', remcsum: 'r+c' };

function tunnelInfo({ tunnel }: TableDestination): string {
  if (!tunnel) return 'n/a';
  const { type, port, checksum } = tunnel;
  if (type === 'ipip') return type;
  return [type, ...(type === 'gue' ? [port] : []), CHECKSUM_SIGNS[checksum]].join(':');
}
