/** Of the addresses that clients connect to. */
import { familyOfAddress } from '../keys.js';
import type { CheckedService, Facts, HostFacts } from './facts.js';
import { sysctlAdvice, sysctlCommand } from './facts.js';
import { type Finding, finding } from './finding.js';

export function vipFindings({ host, services }: Facts): Finding[] {
  if (!host) return [];
  const byVip = new Map<string, CheckedService>();
  for (const service of services) {
    const { address } = service.spec;
    if (address !== undefined && !byVip.has(address)) byVip.set(address, service);
  }
  const present = [...byVip.keys()].filter((vip) => isPresent(host, vip));
  return [
    ...interfaceFindings(host, services),
    ...[...byVip]
      .filter(([vip]) => !present.includes(vip))
      .map(([vip, service]) => missing(host, vip, service)),
    ...(present.some((vip) => familyOfAddress(vip) === 'ipv4') ? arpFindings(host) : []),
  ];
}

/** Bound, or local by a route that somebody made for it. */
function isPresent({ addresses, routes }: HostFacts, vip: string): boolean {
  return addresses.has(vip) || routes.get(vip)?.local === true;
}

function missing({ routes, links }: HostFacts, vip: string, service: CheckedService): Finding {
  const name = service.vipInterface ?? routes.get(vip)?.interface ?? links.find(isOutside)?.name;
  const length = familyOfAddress(vip) === 'ipv4' ? 32 : 128;
  const binder =
    service.vipInterface === null
      ? "Or have lvsd bind it: set vip.interface of the cluster. To keep it, write it into the host's network configuration."
      : `The cluster has lvsd bind it to ${service.vipInterface}: its status says why that has not happened.`;
  return finding('VIP_MISSING', {
    about: { address: vip, resource: service.path, interface: name ?? null },
    seen: `The director does not have ${vip}.`,
    remedy: name === undefined ? null : `ip addr add ${vip}/${length} dev ${name}`,
    advice: `Bind ${vip} to the interface on which clients reach it. ${binder}`,
  });
}

function isOutside({ name, up }: { name: string; up: boolean }): boolean {
  return up && name !== 'lo';
}

function interfaceFindings({ links }: HostFacts, services: readonly CheckedService[]): Finding[] {
  const wanted = new Map<string, CheckedService>();
  for (const service of services) {
    const { vipInterface, spec } = service;
    if (vipInterface !== null && spec.address !== undefined && !wanted.has(vipInterface)) {
      wanted.set(vipInterface, service);
    }
  }
  return [...wanted].flatMap(([name, { path }]) => {
    const link = links.find((one) => one.name === name);
    const about = { interface: name, resource: path };
    if (!link) {
      const others = links.map((one) => one.name).join(', ');
      return [
        finding('VIP_INTERFACE_MISSING', {
          about,
          seen: `The director has no interface ${name}; it has ${others}.`,
          remedy: null,
          advice: 'Set vip.interface of the cluster to one that is there.',
        }),
      ];
    }
    if (link.up) return [];
    return [
      finding('VIP_INTERFACE_DOWN', {
        about,
        seen: `${name} is down.`,
        remedy: `ip link set ${name} up`,
        advice: `Bring ${name} up, and have the host's network configuration do so.`,
      }),
    ];
  });
}

function arpFindings({ links, sysctls }: HostFacts): Finding[] {
  const ethernet = links.filter(({ up, ethernet: isEthernet }) => up && isEthernet);
  if (ethernet.length < 2 || sysctls.get('net/ipv4/conf/all/arp_ignore') !== '0') return [];
  const path = 'net/ipv4/conf/all/arp_ignore';
  return [
    finding('ARP_FLUX', {
      seen: `net.ipv4.conf.all.arp_ignore is 0, and ${ethernet.map(({ name }) => name).join(', ')} are up.`,
      remedy: sysctlCommand(path, 1),
      advice: `${sysctlAdvice(path, 1)} Leave it when several interfaces are on one segment on purpose.`,
    }),
  ];
}
