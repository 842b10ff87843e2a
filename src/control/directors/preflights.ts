/** Gathers what a preflight looks at, and keeps the last result of each cluster for its status. */
import { effectiveForwarding } from '../../domain/desired.js';
import { type Names, parentPath, pathOf } from '../../domain/names.js';
import {
  type CheckedServer,
  type CheckedService,
  type HostFacts,
  rpFilterPath,
  SYSCTLS,
} from '../../domain/preflight/facts.js';
import type { Finding } from '../../domain/preflight/finding.js';
import { forTenants } from '../../domain/preflight/for-tenants.js';
import { preflightFindings } from '../../domain/preflight/preflight.js';
import type { Route } from '../../domain/route.js';
import type { ClusterSpec } from '../../domain/schema/cluster.js';
import type { Preflight } from '../../domain/schema/preflight.js';
import type { RealServerSpec } from '../../domain/schema/real-server.js';
import type { VirtualServiceSpec } from '../../domain/schema/virtual-service.js';
import { KernelUnavailableError } from '../../driver/kernel-error.js';
import type { Reconciler } from '../../reconcile/reconciler.js';
import type { Reader, Store } from '../../store/store.js';
import { authorise } from '../access/authorise.js';
import { visibleProjects } from '../access/grants.js';
import type { Preflights } from '../control.js';
import { found, requireAncestors } from '../definitions/resources.js';
import { requireKnownDirector } from './directors.js';
import { createPreflightWarnings, type Warning } from './preflight-warnings.js';

interface Dependencies {
  readonly store: Store;
  readonly reconciler: Reconciler;
  readonly now: () => Date;
}

/** Addresses looked up in one run; a route costs a netlink exchange. */
const MOST_ROUTES = 2000;

export interface PreflightParts {
  readonly preflights: Preflights;
  /** What the last preflight of a cluster found; none for a model, whose host is nobody's. */
  readonly warnings: (clusterPath: string) => readonly Warning[];
}

export function createPreflights({ store, reconciler, now }: Dependencies): PreflightParts {
  const { director, driver } = reconciler;

  /** As it is now; what it was able to do before it went away is still worth checking against. */
  async function askKernel() {
    try {
      return { info: await driver.info(), unreachableReason: null };
    } catch (error) {
      if (!(error instanceof KernelUnavailableError)) throw error;
      return { info: director.info, unreachableReason: error.message };
    }
  }

  async function run(services: readonly CheckedService[]): Promise<Preflight> {
    const { kept, unchecked } = limited(services);
    const host = await hostFacts(driver.host, addressesOf(kept));
    const { info, unreachableReason } = await askKernel();
    const findings = preflightFindings({
      isModel: director.driver === 'memory',
      kernel: info && {
        release: info.kernelRelease,
        connectionTableSize: info.connectionTableSize,
        capabilities: info.capabilities,
      },
      unreachableReason,
      host,
      services: kept,
      unchecked,
    });
    return { director: director.name, time: now().toISOString(), ...counts(findings), findings };
  }

  const preflights: Preflights = {
    async ofDirector(call, name) {
      authorise(call, 'getDirectorPreflight');
      requireKnownDirector(director.name, name);
      const clusters = store.read((reader) => allClusters(reader));
      return run(clusters.flatMap((path) => store.read((reader) => checkedServices(reader, path))));
    },

    async ofCluster(call, names: Names) {
      authorise(call, 'getClusterPreflight', names);
      const path = pathOf(names);
      const services = store.read((reader) => {
        requireAncestors(reader, parentPath(path));
        found(reader, path);
        return checkedServices(reader, path);
      });
      const preflight = await run(services);
      if (visibleProjects(call) === 'all') return preflight;
      return { ...preflight, findings: forTenants(preflight.findings) };
    },
  };

  async function ofPath(path: string): Promise<Preflight | undefined> {
    const services = store.read((reader) =>
      reader.resource(path) ? checkedServices(reader, path) : undefined,
    );
    return services && run(services);
  }

  const isModel = director.driver === 'memory';
  return { preflights, warnings: isModel ? () => [] : createPreflightWarnings({ run: ofPath, now }) };
}

function counts(findings: readonly Finding[]): Pick<Preflight, 'errors' | 'warnings' | 'infos'> {
  const count = (severity: Finding['severity']) => findings.filter((one) => one.severity === severity).length;
  return { errors: count('error'), warnings: count('warning'), infos: count('info') };
}

const PROJECTS = { kind: 'project', parent: '', limit: Number.MAX_SAFE_INTEGER } as const;

function allClusters(reader: Reader): string[] {
  return reader
    .resources(PROJECTS)
    .flatMap(({ path }) => reader.resources({ ...PROJECTS, kind: 'cluster', parent: path }))
    .map(({ path }) => path);
}

/** Disabled real servers are not in the kernel, so nothing is asked of them. */
function checkedServices(reader: Reader, cluster: string): CheckedService[] {
  const spec = reader.resource(cluster)?.spec as ClusterSpec;
  const services: (Omit<CheckedService, 'servers'> & { servers: CheckedServer[] })[] = [];
  for (const one of reader.descendants(cluster)) {
    if (one.kind === 'virtualService') {
      const vipInterface = spec.vip.interface;
      services.push({ path: one.path, spec: one.spec as VirtualServiceSpec, vipInterface, servers: [] });
      continue;
    }
    const service = services[services.length - 1];
    const server = one.spec as RealServerSpec;
    if (!service || server.adminState === 'disabled') continue;
    const forwarding = effectiveForwarding(spec, service.spec, server);
    service.servers.push({ path: one.path, address: server.address, forwarding });
  }
  return services;
}

/** As many real servers as there may be routes looked up. */
function limited(services: readonly CheckedService[]): { kept: CheckedService[]; unchecked: number } {
  let left = MOST_ROUTES;
  let unchecked = 0;
  const kept = services.map((service) => {
    const servers = service.servers.slice(0, left);
    left -= servers.length;
    unchecked += service.servers.length - servers.length;
    return { ...service, servers };
  });
  return { kept, unchecked };
}

function addressesOf(services: readonly CheckedService[]): Set<string> {
  return new Set(
    services.flatMap(({ spec, servers }) => [
      ...(spec.address === undefined ? [] : [spec.address]),
      ...servers.map(({ address }) => address),
    ]),
  );
}

/** Null when the host cannot be asked. */
async function hostFacts(
  host: Reconciler['driver']['host'],
  wanted: ReadonlySet<string>,
): Promise<HostFacts | null> {
  try {
    const [links, addresses] = await Promise.all([host.links(), host.readAddresses()]);
    if (links.length === 0) return null;
    const sysctls = await host.readSysctls([...SYSCTLS, ...links.map(({ name }) => rpFilterPath(name))]);
    const routes = new Map<string, Route | null>();
    for (const address of wanted) routes.set(address, await host.route(address));
    return {
      links: links.map(({ name, up, mtu, mac, kind }) => ({
        ...{ name, up, mtu },
        ethernet: mac !== null && kind !== 'bridge',
      })),
      addresses: new Set(addresses.map(({ address }) => address)),
      sysctls,
      routes,
    };
  } catch (error) {
    if (error instanceof KernelUnavailableError) return null;
    throw error;
  }
}
