/** From a virtual server as written to virtual services, with what keepalived assumes and corrects (check_data.c). */
import { type Family, type Frontend, familyOfAddress, isFwmark } from '../../domain/keys.js';
import { schedulerFlag } from '../../domain/scheduler-flags.js';
import type { Budget } from '../budget.js';
import type { ReadServer, ReadService } from '../definition.js';
import type { Ledger } from '../ledger.js';
import { TOOLS_PERSISTENCE_SECONDS } from '../numbers.js';
import type { Directive } from '../result.js';
import type { Group } from './group.js';
import type { RealServer } from './real-server.js';
import type { VirtualServer } from './virtual-server.js';

interface Place {
  readonly from: Directive;
  readonly frontend: Frontend;
}

/** The virtual services; none when keepalived would leave the virtual server out, which the ledger tells. */
export function settle(
  server: VirtualServer,
  groups: ReadonlyMap<string, Group>,
  { ledger, budget }: { readonly ledger: Ledger; readonly budget: Budget },
): ReadService[] {
  if (server.servers.length === 0) {
    ledger.name(server.from, 'error', 'It has no real servers: keepalived leaves it out.');
    return [];
  }
  const places = placesOf(server, groups);
  if (typeof places === 'string') {
    ledger.name(server.from, 'error', places);
    return [];
  }
  if (!budget.spend(places.length * server.servers.length)) {
    ledger.name(server.from, 'error', budget.refusal);
    return [];
  }
  const hasAddresses = places.some(({ frontend }) => !isFwmark(frontend));
  if (hasAddresses && server.protocol === undefined)
    say(server, ledger, 'No protocol is given: keepalived takes UDP.');
  if (server.scheduler === undefined) say(server, ledger, 'No scheduler is given: keepalived takes wlc.');
  if (!hasAddresses && server.protocol !== undefined)
    say(server, ledger, 'A firewall mark has no protocol: ignored.');
  const common = settingsOf(server, places, ledger);
  return places.map(({ from, frontend }) => ({
    from,
    spec: { ...frontend, ...common },
    servers: server.servers.map((one) => settleServer(one, server, frontend, ledger)),
  }));
}

function say({ from }: VirtualServer, ledger: Ledger, detail: string): void {
  ledger.note(from, from.words.join(' '), 'info', detail);
}

function settingsOf(server: VirtualServer, places: readonly Place[], ledger: Ledger) {
  const scheduler = server.scheduler ?? 'wlc';
  const hasAddresses = places.some(({ frontend }) => !isFwmark(frontend));
  const isRefused = server.onePacket !== undefined && hasAddresses && (server.protocol ?? 'udp') !== 'udp';
  if (isRefused && server.onePacket) {
    ledger.name(server.onePacket, 'error', 'One-packet scheduling is for UDP: keepalived leaves it out.');
  }
  const schedulerFlags = [...server.flags].flatMap(([flag, from]) => {
    const meaning = schedulerFlag(flag, scheduler);
    if (!meaning)
      ledger.name(from, 'unsupported', `lvsd knows no ${flag} of scheduler ${scheduler}: left out.`);
    return meaning ?? [];
  });
  return {
    scheduler,
    schedulerFlags,
    onePacket: server.onePacket !== undefined && !isRefused,
    persistence: persistenceOf(server, places, ledger),
  };
}

/** Seen with 2.2.7: the mask of an IPv4 group never reaches the kernel. */
function noteGroupMask(server: VirtualServer, ledger: Ledger): void {
  if (server.target.kind !== 'group' || server.prefixLength === undefined || server.family !== 'ipv4') return;
  say(server, ledger, 'keepalived 2.2 forgets the mask of an IPv4 group; lvsd takes it as written.');
}

function persistenceOf(server: VirtualServer, places: readonly Place[], ledger: Ledger) {
  const needsPersistence = places.some(({ frontend }) => !isFwmark(frontend) && frontend.port === 0);
  if (server.timeoutSeconds === undefined && needsPersistence) {
    say(
      server,
      ledger,
      `Without a port there must be persistence: keepalived takes ${TOOLS_PERSISTENCE_SECONDS} seconds.`,
    );
  }
  const timeoutSeconds = server.timeoutSeconds ?? (needsPersistence ? TOOLS_PERSISTENCE_SECONDS : undefined);
  if (timeoutSeconds === undefined) {
    if (server.engine) ledger.name(server.engine, 'info', 'An engine does nothing without persistence.');
    return null;
  }
  noteGroupMask(server, ledger);
  return {
    timeoutSeconds,
    ...(server.prefixLength !== undefined && { prefixLength: server.prefixLength }),
    ...(server.engine && { engine: 'sip' as const }),
  };
}

function placesOf(server: VirtualServer, groups: ReadonlyMap<string, Group>): Place[] | string {
  const { target, from } = server;
  const protocol = server.protocol ?? 'udp';
  if (target.kind === 'address')
    return [{ from, frontend: { protocol, address: target.address, port: target.port } }];
  if (target.kind === 'fwmark')
    return [{ from, frontend: { fwmark: target.fwmark, family: familyOfMark(server) } }];
  const group = groups.get(target.name);
  if (!group)
    return `There is no group "${target.name}" that can be used: keepalived leaves the virtual server out.`;
  const [onlyFamily] = group.families;
  const isMixed = group.families.size > 1;
  if (
    server.family !== undefined &&
    (isMixed || (onlyFamily !== undefined && onlyFamily !== server.family))
  ) {
    return `The families of the group and of the real servers do not fit: keepalived leaves the virtual server out.`;
  }
  const family = server.family ?? onlyFamily ?? 'ipv4';
  return group.entries.map((entry) => ({
    from: entry.from,
    frontend:
      'address' in entry
        ? { protocol, address: entry.address, port: entry.port }
        : { fwmark: entry.fwmark, family: entry.family ?? family },
  }));
}

/** Only tunnels leave the family open: then all real servers and the sorry server must agree, or it is IPv4. */
function familyOfMark({ family, servers, sorryFamily }: VirtualServer): Family {
  if (family !== undefined) return family;
  const families = new Set(servers.map(({ address }) => familyOfAddress(address)));
  if (sorryFamily !== undefined) families.add(sorryFamily);
  const [first] = families;
  return families.size === 1 && first !== undefined ? first : 'ipv4';
}

/** Only outside groups does keepalived fill in the service's port where NAT names none: there it stays 0, "as asked". */
function settleServer(
  one: RealServer,
  server: VirtualServer,
  frontend: Frontend,
  ledger: Ledger,
): ReadServer {
  const forwarding = one.forwarding ?? server.forwarding ?? { method: 'nat' };
  const servicePort = isFwmark(frontend) ? 0 : frontend.port;
  const mapsPorts = forwarding.method === 'nat';
  if (!mapsPorts && one.port !== 0 && one.port !== servicePort) {
    const remedy = isFwmark(frontend) ? 'takes none' : `takes ${servicePort}`;
    const detail = `Only NAT can change the port: keepalived ${remedy}, and so does lvsd.`;
    ledger.note(one.from, one.from.words.join(' '), 'info', detail);
  }
  if (one.forwarding === undefined && server.forwarding === undefined) {
    say(server, ledger, 'No forwarding method is given: keepalived takes NAT.');
  }
  return {
    from: one.from,
    forwarding,
    spec: {
      address: one.address,
      port: mapsPorts && (one.port !== 0 || server.target.kind === 'group') ? one.port : servicePort,
      weight: one.weight ?? server.weight,
      upperThreshold: one.upperThreshold,
      lowerThreshold: one.lowerThreshold,
    },
  };
}
