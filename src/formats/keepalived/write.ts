/** Writes a definition as keepalived.conf: one virtual_server for each virtual service, without health checks. */
import { type Frontend, isFwmark } from '../../domain/keys.js';
import { dottedMask } from '../../domain/netmask.js';
import type { Definition } from '../../domain/schema/definition.js';
import type { Forwarding } from '../../domain/schema/forwarding.js';
import type { Export, Omission } from '../result.js';
import { type WrittenServer, type WrittenService, writtenServices } from '../written.js';

const METHODS = { nat: 'NAT', fullnat: 'NAT', dr: 'DR', tun: 'TUN' } as const;
const CHECKSUMS = { none: 'nocsum', csum: 'csum', remcsum: 'remcsum' } as const;

/** For keepalived 2.2 and later. Names are comments; a service without real servers is one too. */
export function writeKeepalived(definition: Definition): Export {
  const omissions: Omission[] = [];
  const omit = (omission: Omission): void => void omissions.push(omission);
  const blocks = writtenServices(definition, omit).map((service) => {
    if (service.servers.length > 0) return block(service, omit);
    omit({ pointer: service.pointer, detail: 'keepalived leaves out virtual servers without real servers.' });
    return [`# ${service.name}: no real servers`];
  });
  return { text: blocks.map((lines) => `${lines.join('\n')}\n`).join('\n'), omissions };
}

function block(service: WrittenService, omit: (omission: Omission) => void): string[] {
  const { name, spec, frontend, servers } = service;
  return [
    `# ${name}`,
    `virtual_server ${targetOf(frontend)} {`,
    ...(isFwmark(frontend)
      ? [`    ip_family ${frontend.family === 'ipv6' ? 'inet6' : 'inet'}`]
      : [`    protocol ${frontend.protocol.toUpperCase()}`]),
    `    lvs_sched ${spec.scheduler}`,
    ...spec.schedulerFlags.map((flag) => `    ${flag}`),
    ...(spec.onePacket ? ['    ops'] : []),
    ...persistenceLines(service),
    ...servers.flatMap((server) => serverLines(server, frontend, omit)),
    '}',
  ];
}

function targetOf(frontend: Frontend): string {
  if (isFwmark(frontend)) return `fwmark ${frontend.fwmark}`;
  return frontend.port === 0 ? frontend.address : `${frontend.address} ${frontend.port}`;
}

function persistenceLines({ spec: { persistence }, frontend }: WrittenService): string[] {
  if (!persistence) return [];
  const isIpv6 = isFwmark(frontend) ? frontend.family === 'ipv6' : frontend.address.includes(':');
  const mask = isIpv6 ? String(persistence.prefixLength) : dottedMask(persistence.prefixLength);
  const isNarrow = persistence.prefixLength !== (isIpv6 ? 128 : 32);
  return [
    `    persistence_timeout ${persistence.timeoutSeconds}`,
    ...(isNarrow ? [`    persistence_granularity ${mask}`] : []),
    ...(persistence.engine ? [`    persistence_engine ${persistence.engine}`] : []),
  ];
}

function serverLines(
  { name, pointer, backend, spec, forwarding, weight }: WrittenServer,
  frontend: Frontend,
  omit: (omission: Omission) => void,
): string[] {
  const isDirect = forwarding.method === 'dr' || forwarding.method === 'tun';
  if (isDirect && isFwmark(frontend) && backend.port !== 0) {
    omit({
      pointer: `${pointer}/spec/port`,
      detail: 'Behind a firewall mark keepalived keeps ports with NAT only.',
    });
  }
  if (!isDirect && !isFwmark(frontend) && backend.port === 0 && frontend.port !== 0) {
    omit({
      pointer: `${pointer}/spec/port`,
      detail: "keepalived puts the service's port in place of port 0.",
    });
  }
  const port = backend.port === 0 || (isDirect && isFwmark(frontend)) ? '' : ` ${backend.port}`;
  return [
    `    # ${name}`,
    `    real_server ${backend.address}${port} {`,
    `        weight ${weight}`,
    `        lvs_method ${methodOf(forwarding)}`,
    ...(spec.upperThreshold > 0 ? [`        uthreshold ${spec.upperThreshold}`] : []),
    ...(spec.lowerThreshold > 0 ? [`        lthreshold ${spec.lowerThreshold}`] : []),
    '    }',
  ];
}

function methodOf({ method, tunnel }: Forwarding): string {
  if (method !== 'tun' || !tunnel || tunnel.type === 'ipip') return METHODS[method];
  const port = tunnel.port === undefined ? '' : ` port ${tunnel.port}`;
  return `TUN type ${tunnel.type}${port} ${CHECKSUMS[tunnel.checksum]}`;
}
