/** Definitions of any size, and the same as kernel operations and as lines of ipvsadm. */
import type { Operation } from '../../src/domain/table.js';

/** Of each virtual service. */
export const REAL_SERVERS = 10;

export const CLUSTER = { project: 'default', cluster: 'bench' };
export const CLUSTER_PATH = '/v1/projects/default/clusters/bench';

export function entryCount(services: number): number {
  return services * (1 + REAL_SERVERS);
}

export function serviceName(service: number): string {
  return `s${service}`;
}

export function realServerName(server: number): string {
  return `r${server}`;
}

export function servicePath(service: number): string {
  return `${CLUSTER_PATH}/virtual-services/${serviceName(service)}`;
}

export function realServerPath(service: number, server: number): string {
  return `${servicePath(service)}/real-servers/${realServerName(server)}`;
}

/** 250 addresses of each third byte, so that none looks like a network or a broadcast. */
function tail(service: number): string {
  return `${Math.floor(service / 250)}.${1 + (service % 250)}`;
}

function vip(service: number): string {
  return `10.1.${tail(service)}`;
}

function rip(service: number, server: number): string {
  return `10.${16 + server}.${tail(service)}`;
}

/** The body of PUT …/definition. Real servers are reached by direct routing and have weight 1 (both are the defaults). */
export function definitionOf(services: number, realServers = REAL_SERVERS): object {
  const virtualServices = range(services).map((service) => [
    serviceName(service),
    {
      spec: { protocol: 'tcp', address: vip(service), port: 80, scheduler: 'wrr' },
      realServers: Object.fromEntries(
        range(realServers).map((server) => [
          realServerName(server),
          { spec: { address: rip(service, server) } },
        ]),
      ),
    },
  ]);
  return { virtualServices: Object.fromEntries(virtualServices) };
}

/** The body of a change-set that gives virtual services that are there already those real servers, a change each. */
export function changeSetOf(services: number): object {
  const changes = range(services).flatMap((service) =>
    range(REAL_SERVERS).map((server) => ({
      put: {
        resource: realServerPath(service, server).slice('/v1/'.length),
        spec: { address: rip(service, server) },
      },
    })),
  );
  return { changes };
}

/** What makes that definition in an empty kernel. */
export function operationsOf(services: number): Operation[] {
  const all = range(services).map(
    (service) => ({ protocol: 'tcp', address: vip(service), port: 80 }) as const,
  );
  const keyOf = (service: number) => `tcp/${vip(service)}:80`;
  return [
    ...all.map(
      (frontend, service): Operation => ({
        command: 'NEW_SERVICE',
        key: keyOf(service),
        frontend,
        config: SERVICE,
      }),
    ),
    ...all.flatMap((frontend, service) =>
      range(REAL_SERVERS).map((server): Operation => {
        const backend = { address: rip(service, server), port: 80 };
        const key = `${keyOf(service)}->${backend.address}:80`;
        return { command: 'NEW_DEST', key, frontend, backend, config: DESTINATION };
      }),
    ),
  ];
}

const SERVICE = { scheduler: 'wrr', schedulerFlags: [], onePacket: false, persistence: null } as const;
const DESTINATION = { method: 'dr', weight: 1, upperThreshold: 0, lowerThreshold: 0, tunnel: null } as const;

/** As `ipvsadm -Sn` prints it and `ipvsadm -R` reads it, without regard to order. */
export function savedLinesOf(services: number): string[] {
  return range(services).flatMap((service) => [
    `-A -t ${vip(service)}:80 -s wrr`,
    ...range(REAL_SERVERS).map((server) => `-a -t ${vip(service)}:80 -r ${rip(service, server)}:80 -g -w 1`),
  ]);
}

export function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}
