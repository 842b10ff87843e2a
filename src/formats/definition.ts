/** From the services that a reader found to one cluster definition: named, minimal, and valid by the domain's rules. */
import { commonest, sameForwarding } from '../domain/common-forwarding.js';
import { frontendOf } from '../domain/desired.js';
import type { Violation } from '../domain/errors.js';
import { destinationKey, frontendKey } from '../domain/keys.js';
import { freeName, realServerName, serviceName } from '../domain/naming.js';
import { pairingViolations, realServerViolations, virtualServiceViolations } from '../domain/rules.js';
import type { normaliseCluster } from '../domain/schema/cluster.js';
import type { Labels } from '../domain/schema/common.js';
import { type ForwardingInput, normaliseForwarding } from '../domain/schema/forwarding.js';
import { normaliseRealServer } from '../domain/schema/real-server.js';
import { normaliseVirtualService, type VirtualServiceSpec } from '../domain/schema/virtual-service.js';
import type { Ledger } from './ledger.js';
import { minimalForwarding, minimalServer, minimalService } from './minimal.js';
import type { Directive } from './result.js';

type WithForwarding<T> = Omit<T, 'forwarding'> & { readonly forwarding?: ForwardingInput };
export type ServiceInput = WithForwarding<Parameters<typeof normaliseVirtualService>[0]>;
export type RealServerInput = WithForwarding<Parameters<typeof normaliseRealServer>[0]>;

/** A `DefinitionInput` with the types of its fields; defaults are left out. */
export interface DefinitionDocument {
  readonly labels?: Labels;
  readonly spec: WithForwarding<Parameters<typeof normaliseCluster>[0]>;
  readonly virtualServices: Readonly<
    Record<
      string,
      {
        readonly labels?: Labels;
        readonly spec: ServiceInput;
        readonly realServers: Readonly<
          Record<string, { readonly labels?: Labels; readonly spec: RealServerInput }>
        >;
      }
    >
  >;
}

export type ServiceSettings = Omit<ServiceInput, 'forwarding'>;
export type ServerSettings = Omit<RealServerInput, 'forwarding'>;

/** A virtual service as read. Its own and its real servers' forwarding are settled here. */
export interface ReadService {
  readonly from: Directive;
  readonly spec: ServiceSettings;
  readonly servers: readonly ReadServer[];
}

export interface ReadServer {
  readonly from: Directive;
  readonly spec: ServerSettings;
  readonly forwarding: ForwardingInput;
}

/** One frontend, with the real servers of all services that have it. */
interface Entry {
  readonly service: ReadService;
  readonly spec: VirtualServiceSpec;
  readonly servers: Map<string, ReadServer>;
}

const DEFAULT_FORWARDING: ForwardingInput = { method: 'dr' };

/**
 * What the rules refuse is left out and named. Of two services with one frontend, and of two real servers of one service
 * with one address and port, the first stays; `sameFrontend` decides what becomes of the real servers of the second.
 */
export function buildDefinition(
  services: readonly ReadService[],
  ledger: Ledger,
  sameFrontend: 'merge' | 'refuse',
): DefinitionDocument {
  const merged = withoutRepeats(
    services.filter((one) => isValidService(one, ledger)),
    ledger,
    sameFrontend,
  );
  const clusterForwarding =
    commonest(merged.flatMap(({ servers }) => commonestOf(servers) ?? [])) ?? DEFAULT_FORWARDING;
  const taken = new Set<string>();
  const virtualServices = merged.map((service) => {
    const forwarding = commonestOf(service.servers) ?? clusterForwarding;
    const spec = {
      ...minimalService(service.spec),
      ...(!sameForwarding(forwarding, clusterForwarding) && { forwarding: minimalForwarding(forwarding) }),
    };
    const name = freeName(serviceName(frontendOf(normaliseVirtualService(service.spec))), taken);
    return [name, { spec, realServers: realServersOf(service, forwarding) }] as const;
  });
  return {
    spec: sameForwarding(clusterForwarding, DEFAULT_FORWARDING)
      ? {}
      : { forwarding: minimalForwarding(clusterForwarding) },
    virtualServices: Object.fromEntries(virtualServices),
  };
}

function realServersOf(service: ReadService, forwarding: ForwardingInput) {
  const taken = new Set<string>();
  return Object.fromEntries(
    service.servers.map((server) => {
      const name = freeName(
        realServerName({ address: server.spec.address, port: portOf(server, service) }),
        taken,
      );
      const spec = {
        ...minimalServer(server.spec, service.spec.port),
        ...(!sameForwarding(server.forwarding, forwarding) && {
          forwarding: minimalForwarding(server.forwarding),
        }),
      };
      return [name, { spec }];
    }),
  );
}

function isValidService(service: ReadService, ledger: Ledger): boolean {
  const violations = virtualServiceViolations(normaliseVirtualService(service.spec));
  if (violations.length === 0) return true;
  ledger.name(service.from, 'error', sentence(violations));
  return false;
}

function withoutRepeats(
  services: readonly ReadService[],
  ledger: Ledger,
  sameFrontend: 'merge' | 'refuse',
): ReadService[] {
  const byFrontend = new Map<string, Entry>();
  for (const service of services) {
    const spec = normaliseVirtualService(service.spec);
    const key = frontendKey(frontendOf(spec));
    const earlier = byFrontend.get(key);
    if (earlier && sameFrontend === 'refuse') {
      ledger.name(
        service.from,
        'error',
        `${key} is defined again (first in line ${earlier.service.from.line}): the first stays.`,
      );
      continue;
    }
    if (earlier) {
      const detail = `${key} is defined again (first in line ${earlier.service.from.line}): the settings of the first stay, the real servers are joined.`;
      ledger.note(service.from, service.from.words.join(' '), 'error', detail);
      coverSettings(service, ledger);
    }
    const entry = earlier ?? { service, spec, servers: new Map<string, ReadServer>() };
    byFrontend.set(key, entry);
    for (const server of service.servers) addServer(entry, key, server, ledger);
  }
  return [...byFrontend.values()].map(({ service, servers }) => ({
    ...service,
    servers: [...servers.values()],
  }));
}

/** The finding on the repeated service stands for all of its block but the real servers. */
function coverSettings({ from, servers }: ReadService, ledger: Ledger): void {
  const kept = new Set(servers.map((server) => server.from));
  for (const inner of from.block ?? []) if (!kept.has(inner)) ledger.cover(inner);
}

function addServer(
  { service, spec, servers }: Entry,
  frontend: string,
  server: ReadServer,
  ledger: Ledger,
): void {
  const violations = serverViolations(spec, server);
  if (violations.length > 0) {
    ledger.name(server.from, 'error', sentence(violations));
    return;
  }
  const key = destinationKey(frontend, { address: server.spec.address, port: portOf(server, service) });
  const earlier = servers.get(key);
  if (earlier) {
    ledger.name(
      server.from,
      'error',
      `${key} is defined again (first in line ${earlier.from.line}): the first stays.`,
    );
  } else {
    servers.set(key, server);
  }
}

function serverViolations(service: VirtualServiceSpec, server: ReadServer): Violation[] {
  const spec = normaliseRealServer(server.spec);
  const forwarding = normaliseForwarding(server.forwarding);
  return [...realServerViolations({ ...spec, forwarding }), ...pairingViolations(service, spec, forwarding)];
}

function sentence(violations: readonly Violation[]): string {
  return violations.map(({ detail }) => detail).join(' ');
}

function portOf(server: ReadServer, service: ReadService): number {
  return server.spec.port ?? service.spec.port ?? 0;
}

function commonestOf(servers: readonly ReadServer[]): ForwardingInput | undefined {
  return commonest(servers.map(({ forwarding }) => forwarding));
}
