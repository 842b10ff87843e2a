/** Writes a definition as `ipvsadm -Sn` prints it once it is in the kernel, and thresholds, which only -R understands. */
import { endpoint, type Frontend, isFwmark } from '../../domain/keys.js';
import { dottedMask } from '../../domain/netmask.js';
import type { Definition } from '../../domain/schema/definition.js';
import type { Forwarding } from '../../domain/schema/forwarding.js';
import type { Export, Omission } from '../result.js';
import { type WrittenServer, type WrittenService, writtenServices } from '../written.js';

const PROTOCOL_OPTIONS = { tcp: '-t', udp: '-u', sctp: '--sctp-service' } as const;
const METHOD_OPTIONS = { nat: '-m', fullnat: '-m', dr: '-g', tun: '-i' } as const;
const CHECKSUM_OPTIONS = { none: '--tun-nocsum', csum: '--tun-csum', remcsum: '--tun-remcsum' } as const;

/** Ready for `ipvsadm -R`. Marks are written as unsigned numbers, which -S does not do and -R needs. */
export function writeIpvsadmSave(definition: Definition): Export {
  const omissions: Omission[] = [];
  const lines = writtenServices(definition, (one) => omissions.push(one)).flatMap((service) => {
    const name = frontendOptions(service.frontend);
    return [serviceLine(service, name), ...service.servers.map((server) => serverLine(server, name))];
  });
  return { text: lines.map((line) => `${line}\n`).join(''), omissions };
}

function frontendOptions(frontend: Frontend): string {
  if (isFwmark(frontend)) return `-f ${frontend.fwmark}${frontend.family === 'ipv6' ? ' -6' : ''}`;
  return `${PROTOCOL_OPTIONS[frontend.protocol]} ${endpoint(frontend.address, frontend.port)}`;
}

function serviceLine({ spec, frontend }: WrittenService, name: string): string {
  const { persistence } = spec;
  const isIpv6 = isFwmark(frontend) ? frontend.family === 'ipv6' : frontend.address.includes(':');
  const isNarrow = persistence !== null && persistence.prefixLength !== (isIpv6 ? 128 : 32);
  const mask = isIpv6 ? persistence?.prefixLength : dottedMask(persistence?.prefixLength ?? 32);
  return [
    `-A ${name} -s ${spec.scheduler}`,
    ...(persistence ? [`-p ${persistence.timeoutSeconds}`] : []),
    ...(isNarrow ? [`-M ${mask}`] : []),
    ...(persistence?.engine ? [`--pe ${persistence.engine}`] : []),
    ...(spec.onePacket ? ['-o'] : []),
    ...(spec.schedulerFlags.length > 0 ? [`-b ${spec.schedulerFlags.join(',')}`] : []),
  ].join(' ');
}

function serverLine({ backend, spec, forwarding, weight }: WrittenServer, name: string): string {
  return [
    `-a ${name} -r ${endpoint(backend.address, backend.port)} ${METHOD_OPTIONS[forwarding.method]} -w ${weight}`,
    ...tunnelOptions(forwarding),
    ...(spec.upperThreshold > 0 ? [`-x ${spec.upperThreshold}`] : []),
    ...(spec.lowerThreshold > 0 ? [`-y ${spec.lowerThreshold}`] : []),
  ].join(' ');
}

function tunnelOptions({ method, tunnel }: Forwarding): string[] {
  if (method !== 'tun' || !tunnel) return [];
  return [
    `--tun-type ${tunnel.type}`,
    ...(tunnel.port === undefined ? [] : [`--tun-port ${tunnel.port}`]),
    ...(tunnel.type === 'ipip' ? [] : [CHECKSUM_OPTIONS[tunnel.checksum]]),
  ];
}
