/**
 * What a valid definition is, beyond its shape: the kernel's own rules, found before anything is stored. Uniqueness of
 * frontends and backends is the store's to know, and what a director can do is asked in `capabilities.ts`.
 */
import { canonicalAddress, isUnicast } from './address.js';
import type { Violation } from './errors.js';
import { type Family, familyOfAddress } from './keys.js';
import type { ClusterSpec } from './schema/cluster.js';
import type { Forwarding } from './schema/forwarding.js';
import type { RealServerSpec } from './schema/real-server.js';
import { serviceFamily, type VirtualServiceSpec } from './schema/virtual-service.js';

/** Pointers are relative to the spec. */
export function clusterViolations(spec: ClusterSpec): Violation[] {
  return forwardingViolations(spec.forwarding);
}

export function virtualServiceViolations(spec: VirtualServiceSpec): Violation[] {
  return [
    ...frontendViolations(spec),
    ...schedulingViolations(spec),
    ...persistenceViolations(spec),
    ...(spec.forwarding ? forwardingViolations(spec.forwarding) : []),
  ];
}

function frontendViolations(spec: VirtualServiceSpec): Violation[] {
  if (spec.fwmark !== undefined) {
    const superfluous = (['protocol', 'address', 'port'] as const).filter(
      (field) => spec[field] !== undefined,
    );
    return [
      ...superfluous.map((field) =>
        violation(
          'FRONTEND_AMBIGUOUS',
          `/${field}`,
          `A firewall-mark service has no ${field}: remove it, or remove fwmark.`,
        ),
      ),
      ...(spec.family === undefined
        ? [
            violation(
              'FRONTEND_INCOMPLETE',
              '/family',
              'family is missing: a firewall-mark service needs ipv4 or ipv6.',
            ),
          ]
        : []),
    ];
  }
  const missing = (['protocol', 'address', 'port'] as const).filter((field) => spec[field] === undefined);
  const found = missing.map((field) =>
    violation(
      'FRONTEND_INCOMPLETE',
      `/${field}`,
      `${field} is missing: give protocol, address and port, or fwmark and family.`,
    ),
  );
  if (spec.family !== undefined) {
    found.push(
      violation(
        'FRONTEND_AMBIGUOUS',
        '/family',
        'family belongs to firewall-mark services: remove it, the address tells.',
      ),
    );
  }
  if (spec.address !== undefined) found.push(...addressViolations(spec.address));
  if (spec.port === 0 && !spec.persistence) {
    found.push(
      violation(
        'PORT_ZERO_NEEDS_PERSISTENCE',
        '/port',
        'Port 0 (all ports) needs persistence: set persistence or a port.',
      ),
    );
  }
  return found;
}

function schedulingViolations(spec: VirtualServiceSpec): Violation[] {
  const found = spec.schedulerFlags
    .filter((flag) => !flag.startsWith(`${spec.scheduler}-`))
    .map((flag) =>
      violation(
        'SCHEDULER_FLAG_MISMATCH',
        '/schedulerFlags',
        `${flag} belongs to scheduler ${flag.slice(0, 2)}, not ${spec.scheduler}: remove it or change the scheduler.`,
      ),
    );
  if (spec.onePacket && spec.protocol !== 'udp' && spec.fwmark === undefined) {
    found.push(
      violation(
        'ONE_PACKET_NEEDS_UDP',
        '/onePacket',
        'One-packet scheduling is for UDP: set protocol udp or onePacket false.',
      ),
    );
  }
  return found;
}

function persistenceViolations(spec: VirtualServiceSpec): Violation[] {
  if (!spec.persistence) return [];
  const found: Violation[] = [];
  const longest = serviceFamily(spec) === 'ipv4' ? 32 : 128;
  if (spec.persistence.prefixLength > longest) {
    found.push(
      violation(
        'PREFIX_LENGTH_OUT_OF_RANGE',
        '/persistence/prefixLength',
        `An address of this service has ${longest} bits: set prefixLength to at most ${longest}.`,
      ),
    );
  }
  if (spec.persistence.engine === 'sip' && spec.protocol !== 'udp' && spec.fwmark === undefined) {
    found.push(
      violation(
        'SIP_ENGINE_NEEDS_UDP',
        '/persistence/engine',
        'The sip engine reads UDP only: set protocol udp or engine null.',
      ),
    );
  }
  return found;
}

export function realServerViolations(spec: RealServerSpec): Violation[] {
  const found = addressViolations(spec.address);
  if (spec.upperThreshold > 0 && spec.lowerThreshold > spec.upperThreshold) {
    found.push(thresholdsCrossed(`at most ${spec.upperThreshold}`));
  }
  if (spec.upperThreshold === 0 && spec.lowerThreshold > 0)
    found.push(thresholdsCrossed('0, or set upperThreshold'));
  return [...found, ...(spec.forwarding ? forwardingViolations(spec.forwarding) : [])];
}

function thresholdsCrossed(remedy: string): Violation {
  return violation(
    'THRESHOLDS_CROSSED',
    '/lowerThreshold',
    `lowerThreshold is above upperThreshold: set it to ${remedy}.`,
  );
}

/** What a service and its forwarding in effect must have in common. The pointer is that of the service's own forwarding. */
export function sourceNatViolations(service: VirtualServiceSpec, { snat }: Forwarding): Violation[] {
  const family = serviceFamily(service);
  if (!snat || snat.addresses.some((address) => familyOfAddress(address) === family)) return [];
  return [
    violation(
      'FAMILY_MISMATCH',
      '/forwarding/snat/addresses',
      `The virtual service is ${familyText(family)} and no source address is: add one, or remove snat.`,
    ),
  ];
}

/**
 * Source NAT is done by frontend: it cannot tell the real servers apart that are forwarded to by masquerading. Both
 * forwardings are those in effect; the pointers are those of the real server's own.
 */
export function sharedForwardingViolations(ofService: Forwarding, ofServer: Forwarding): Violation[] {
  const own = ofServer.method;
  const isMixed =
    own === 'fullnat' ? ofService.method !== 'fullnat' : own === 'nat' && ofService.method === 'fullnat';
  if (isMixed) {
    return [
      violation(
        'FULLNAT_NOT_SHARED',
        '/forwarding/method',
        `The virtual service is ${ofService.method} and cannot have a real server with ${own}: remove its forwarding, or set it ` +
          'for the whole virtual service.',
      ),
    ];
  }
  const differs = ofServer.snat?.addresses.join() !== ofService.snat?.addresses.join();
  if (own !== 'fullnat' || !differs) return [];
  return [
    violation(
      'SNAT_NOT_SHARED',
      '/forwarding/snat/addresses',
      'All real servers of a virtual service have the same source addresses: remove forwarding here, or set snat there.',
    ),
  ];
}

/** What a real server and the service it is behind must have in common; `forwarding` is the one in effect. */
export function pairingViolations(
  service: VirtualServiceSpec,
  server: RealServerSpec,
  forwarding: Forwarding,
): Violation[] {
  const found: Violation[] = [];
  const servicePort = service.port ?? 0;
  const direct = forwarding.method === 'dr' || forwarding.method === 'tun';
  if (direct && service.fwmark === undefined && server.port !== undefined && server.port !== servicePort) {
    found.push(
      violation(
        'PORT_MAPPING_UNSUPPORTED',
        '/port',
        `${forwarding.method} cannot change the port: use ${servicePort}, leave port out, or use nat.`,
      ),
    );
  }
  if (forwarding.method !== 'tun' && familyOfAddress(server.address) !== serviceFamily(service)) {
    found.push(
      violation(
        'FAMILY_MISMATCH',
        '/address',
        `The virtual service is ${familyText(serviceFamily(service))}: use such an address, or the method tun.`,
      ),
    );
  }
  return found;
}

function familyText(family: Family): string {
  return family === 'ipv4' ? 'IPv4' : 'IPv6';
}

function addressViolations(address: string): Violation[] {
  if (canonicalAddress(address) === undefined) {
    return [
      violation(
        'ADDRESS_INVALID',
        '/address',
        `"${address}" is not an address: write 192.0.2.1 or 2001:db8::1.`,
      ),
    ];
  }
  if (isUnicast(address)) return [];
  return [
    violation(
      'ADDRESS_NOT_UNICAST',
      '/address',
      `${address} does not stand for one host: use a unicast address.`,
    ),
  ];
}

function forwardingViolations({ method, tunnel, snat }: Forwarding): Violation[] {
  const found: Violation[] = [];
  if (tunnel && method !== 'tun') {
    found.push(
      violation(
        'TUNNEL_NEEDS_TUN',
        '/forwarding/tunnel',
        'tunnel belongs to the method tun: remove it or use tun.',
      ),
    );
  }
  if (tunnel?.type === 'gue' && tunnel.port === undefined) {
    found.push(
      violation(
        'TUNNEL_PORT_NEEDED',
        '/forwarding/tunnel/port',
        'A gue tunnel needs the UDP port of its receiver: set port.',
      ),
    );
  }
  if (tunnel && tunnel.type !== 'gue' && tunnel.port !== undefined) {
    found.push(
      violation(
        'TUNNEL_PORT_UNSUPPORTED',
        '/forwarding/tunnel/port',
        `${tunnel.type} has no port: remove it or use gue.`,
      ),
    );
  }
  const checksums = { ipip: ['none'], gre: ['none', 'csum'], gue: ['none', 'csum', 'remcsum'] };
  if (tunnel && !checksums[tunnel.type].includes(tunnel.checksum)) {
    found.push(
      violation(
        'TUNNEL_CHECKSUM_UNSUPPORTED',
        '/forwarding/tunnel/checksum',
        `${tunnel.type} has ${checksums[tunnel.type].join(' and ')}: use one of these.`,
      ),
    );
  }
  if (snat && method !== 'fullnat') {
    found.push(
      violation(
        'SNAT_NEEDS_FULLNAT',
        '/forwarding/snat',
        'snat belongs to the method fullnat: remove it or use fullnat.',
      ),
    );
  }
  for (const [index, address] of (snat?.addresses ?? []).entries()) {
    const at = `/forwarding/snat/addresses/${index}`;
    found.push(...addressViolations(address).map((one) => ({ ...one, pointer: at })));
  }
  return found;
}

function violation(reason: Violation['reason'], pointer: string, detail: string): Violation {
  return { reason, pointer, detail };
}
