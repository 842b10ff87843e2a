/** What makes hosts ready to be real servers: from stored definitions and the director's routes to a setup. */
import { canonicalAddress } from '../../domain/address.js';
import { backendOf, effectiveForwarding, frontendOf } from '../../domain/desired.js';
import { type Violation, violationError } from '../../domain/errors.js';
import { type Family, familyOfAddress, frontendKey } from '../../domain/keys.js';
import { type Names, parentPath, pathOf } from '../../domain/names.js';
import type { Route, Routes } from '../../domain/route.js';
import type { ClusterSpec } from '../../domain/schema/cluster.js';
import type { RealServerSpec } from '../../domain/schema/real-server.js';
import type { RealServerSetup } from '../../domain/schema/real-server-setup.js';
import { serviceFamily, type VirtualServiceSpec } from '../../domain/schema/virtual-service.js';
import { realServerSetup, type SetupService } from '../../domain/setup/setup.js';
import type { Reader, Store, StoredResource } from '../../store/store.js';
import { authorise } from '../access/authorise.js';
import type { RealServerSetups, SetupOptions } from '../control.js';
import { canonicalNames, serversAt } from '../definitions/real-server-addresses.js';
import { found, requireAncestors } from '../definitions/resources.js';
import { directorRoute } from './director-routes.js';
import { hostAddressViolation } from './host-address.js';

interface Host {
  readonly names: Names;
  readonly user: string;
  readonly title: string;
  readonly servers: readonly Placed[];
}

/** A real server with what it is behind. */
interface Placed {
  readonly path: string;
  readonly spec: RealServerSpec;
  readonly service: VirtualServiceSpec;
  readonly cluster: ClusterSpec;
}

export function createRealServerSetups(store: Store, routes: Routes | undefined): RealServerSetups {
  async function setup(
    { names, user, title, servers }: Host,
    options: SetupOptions,
  ): Promise<RealServerSetup> {
    const address = servers[0]?.spec.address ?? '';
    const { vips, dip } = checkedOptions(options, servers);
    const route = await directorRoute(routes, address);
    return realServerSetup({
      project: names.project,
      address,
      user,
      title,
      services: servers.map((server) => setupService(server, vips, dip ?? dipOf(route))),
      format: options.format ?? 'shell',
      undo: options.undo ?? false,
      route,
    });
  }

  return {
    async get(call, names, options) {
      authorise(call, 'getRealServerSetup', { project: names.project });
      const { cluster = '', virtualService = '', realServer = '' } = names;
      const server = store.read((reader) => {
        requireAncestors(reader, parentPath(pathOf(names)));
        return placed(found(reader, pathOf(names)), reader);
      });
      const user = [names.project, cluster, virtualService, realServer].join('.');
      const title = `real server ${realServer} (${server.spec.address})`;
      return setup({ names, user, title, servers: [server] }, options);
    },

    async getForAddress(call, given, options) {
      authorise(call, 'getRealServerAddressSetup', { project: given.project });
      const names = canonicalNames(given);
      const servers = store.read((reader) =>
        serversAt(reader, names.project, names.address).map((one) => placed(one, reader)),
      );
      const user = `${names.project}.${names.address}`;
      return setup({ names, user, title: `real server ${names.address}`, servers }, options);
    },
  };
}

function placed({ path, spec }: StoredResource, reader: Reader): Placed {
  const servicePath = parentPath(path);
  return {
    path,
    spec: spec as RealServerSpec,
    service: reader.resource(servicePath)?.spec as VirtualServiceSpec,
    cluster: reader.resource(parentPath(servicePath))?.spec as ClusterSpec,
  };
}

function setupService(
  { path, spec, service, cluster }: Placed,
  vips: readonly string[],
  dip: string,
): SetupService {
  const { address, port } = backendOf(spec, service);
  const family = serviceFamily(service);
  return {
    path,
    frontend: frontendKey(frontendOf(service)),
    forwarding: effectiveForwarding(cluster, service, spec),
    address,
    port,
    protocol: service.protocol ?? null,
    family,
    vips: vipsOf(service, vips),
    dip,
  };
}

/** A firewall mark does not tell what clients connect to: then it is what the caller says. */
function vipsOf(service: VirtualServiceSpec, given: readonly string[]): readonly string[] {
  if (service.address !== undefined) return [service.address];
  const fitting = given.filter((address) => familyOfAddress(address) === serviceFamily(service));
  return fitting.length > 0 ? fitting : ['@VIP@'];
}

function dipOf(route: Route | null): string {
  return route?.source ?? '@DIP@';
}

/** Canonical; throws the violations of what cannot be what it is given for. */
function checkedOptions({ vip = [], dip }: SetupOptions, servers: readonly Placed[]) {
  const violations: Violation[] = [];
  const check = (text: string, pointer: string, families: readonly Family[]) => {
    const violation = hostAddressViolation(text, pointer, families);
    if (violation) violations.push(violation);
    return canonicalAddress(text) ?? text;
  };
  const marked = servers.filter(({ service }) => service.address === undefined);
  if (vip.length > 0 && marked.length === 0) {
    const detail = 'vip is for services with a firewall mark, and this one has an address: leave vip out.';
    violations.push({ reason: 'FIELD_INVALID', pointer: '/vip', detail });
  }
  const families = [...new Set(marked.map(({ service }) => serviceFamily(service)))];
  const vips = families.length > 0 ? vip.map((text, index) => check(text, `/vip/${index}`, families)) : [];
  const ripFamilies = servers.slice(0, 1).map(({ spec }) => familyOfAddress(spec.address));
  const source = dip === undefined ? undefined : check(dip, '/dip', ripFamilies);
  const [first, ...rest] = violations;
  if (first) throw violationError([first, ...rest]);
  return { vips, dip: source };
}
