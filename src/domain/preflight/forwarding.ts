/** Of what the director does with packets on their way. */
import { familyOfAddress } from '../keys.js';
import type { Forwarding } from '../schema/forwarding.js';
import type { CheckedServer, Facts, HostFacts, KernelFacts } from './facts.js';
import { rpFilterPath, sysctlAdvice, sysctlCommand, sysctlName } from './facts.js';
import { type Finding, finding } from './finding.js';

const STRICT = 1;
/** It wins over 1: the kernel takes the greater of all and the interface. */
const LOOSE = 2;
/** Share of the conntrack table that is nearly full. */
const NEARLY_FULL = 0.8;

export function forwardingFindings({ host, kernel, services }: Facts): Finding[] {
  const servers = services.flatMap((service) => service.servers);
  const isUsed = (...methods: Forwarding['method'][]) =>
    servers.some(({ forwarding }) => methods.includes(forwarding.method));
  return [
    ...(kernel && isUsed('fullnat') ? capabilityFindings(kernel) : []),
    ...(host ? hostFindings(host, servers) : []),
    ...(host && isUsed('fullnat') ? conntrackFindings(host) : []),
    ...(host && isUsed('dr', 'tun', 'fullnat') ? rpFilterFindings(host) : []),
  ];
}

function capabilityFindings({ capabilities }: KernelFacts): Finding[] {
  if (capabilities.fullnat) return [];
  const reason = capabilities.fullnatMissing ?? 'The host cannot do source NAT.';
  return [
    finding('FULLNAT_UNAVAILABLE', {
      about: { method: 'fullnat' },
      seen: reason,
      remedy: null,
      advice: 'Do what the reason says, or use nat, dr or tun.',
    }),
  ];
}

const FORWARDING = {
  ipv4: { path: 'net/ipv4/ip_forward', name: 'IPv4' },
  ipv6: { path: 'net/ipv6/conf/all/forwarding', name: 'IPv6' },
} as const;

function hostFindings({ sysctls }: HostFacts, servers: readonly CheckedServer[]): Finding[] {
  return (['ipv4', 'ipv6'] as const).flatMap((family) => {
    const { path, name } = FORWARDING[family];
    const user = servers.find(
      ({ address, forwarding }) =>
        familyOfAddress(address) === family && ['nat', 'fullnat'].includes(forwarding.method),
    );
    if (!user || sysctls.get(path) !== '0') return [];
    return [
      finding('IP_FORWARD_OFF', {
        about: { method: user.forwarding.method },
        seen: `${sysctlName(path)} is 0: the director does not forward ${name}.`,
        remedy: sysctlCommand(path, 1),
        advice: sysctlAdvice(path, 1),
      }),
    ];
  });
}

function conntrackFindings({ sysctls }: HostFacts): Finding[] {
  const about = { method: 'fullnat' };
  const found: Finding[] = [];
  if (sysctls.get('net/ipv4/vs/conntrack') === '0') {
    found.push(
      finding('CONNTRACK_OFF', {
        about,
        seen: 'net.ipv4.vs.conntrack is 0.',
        remedy: sysctlCommand('net/ipv4/vs/conntrack', 1),
        advice: `${sysctlAdvice('net/ipv4/vs/conntrack', 1)} The module ip_vs has to be loaded before.`,
      }),
    );
  }
  const [count, max] = ['count', 'max'].map((name) =>
    Number(sysctls.get(`net/netfilter/nf_conntrack_${name}`)),
  );
  if (count && max && count >= NEARLY_FULL * max) {
    found.push(
      finding('CONNTRACK_TABLE_FULL', {
        about,
        seen: `The conntrack table holds ${count} of at most ${max} connections.`,
        remedy: sysctlCommand('net/netfilter/nf_conntrack_max', 2 * max),
        advice: sysctlAdvice('net/netfilter/nf_conntrack_max', 2 * max),
      }),
    );
  }
  return found;
}

function rpFilterFindings({ links, sysctls }: HostFacts): Finding[] {
  const all = Number(sysctls.get('net/ipv4/conf/all/rp_filter') ?? 0);
  return links.flatMap(({ name, up }) => {
    const path = rpFilterPath(name);
    const own = Number(sysctls.get(path) ?? 0);
    if (!up || name === 'lo' || Math.max(own, all) !== STRICT) return [];
    return [
      finding('RP_FILTER_STRICT', {
        about: { interface: name },
        seen: `The reverse path filter of ${name} is strict: ${sysctlName(path)} is ${own}, net.ipv4.conf.all.rp_filter is ${all}.`,
        remedy: sysctlCommand(path, LOOSE),
        advice: sysctlAdvice(path, LOOSE),
      }),
    ];
  });
}
