/** What a cluster of a writer's own has, kept beside the server: what a definition, and ipvsadm, must say of it. */
import type { Definition } from '../../src/domain/schema/definition.js';
import type { Json } from './doors.js';

export interface ModelService {
  readonly scheduler: string;
  /** Weights by name. */
  readonly servers: Readonly<Record<string, number>>;
}

/** Virtual services by name. */
export type Model = Readonly<Record<string, ModelService>>;

export interface Place {
  readonly cluster: string;
  readonly protocol: 'tcp' | 'udp';
  /** Of all services, which differ by their ports. */
  readonly vip: string;
}

export function serviceSpec({ protocol, vip }: Place, name: string, { scheduler }: ModelService): Json {
  return { protocol, address: vip, port: portOf(name), scheduler };
}

export function serverSpec(server: string, weight: number): Json {
  return { address: rip(server), port: 8080, weight };
}

export function definitionOf(place: Place, model: Model): Json {
  const virtualServices = Object.entries(model).map(([name, service]) => {
    const realServers = Object.entries(service.servers).map(([server, weight]) => [
      server,
      { spec: serverSpec(server, weight) },
    ]);
    return [name, { spec: serviceSpec(place, name, service), realServers: Object.fromEntries(realServers) }];
  });
  return { spec: { forwarding: { method: 'nat' } }, virtualServices: Object.fromEntries(virtualServices) };
}

export function modelOf({ virtualServices }: Definition): Model {
  return Object.fromEntries(
    Object.entries(virtualServices).map(([name, { spec, realServers }]) => [
      name,
      {
        scheduler: spec.scheduler,
        servers: Object.fromEntries(
          Object.entries(realServers).map(([server, one]) => [server, one.spec.weight]),
        ),
      },
    ]),
  );
}

/** Lines of `ipvsadm -Sn`, in no order. */
export function linesOf({ protocol, vip }: Place, model: Model): string[] {
  return Object.entries(model).flatMap(([name, { scheduler, servers }]) => {
    const frontend = `-${protocol[0]} ${vip}:${portOf(name)}`;
    return [
      `-A ${frontend} -s ${scheduler}`,
      ...Object.entries(servers).map(
        ([server, weight]) => `-a ${frontend} -r ${rip(server)}:8080 -m -w ${weight}`,
      ),
    ];
  });
}

export function portOf(service: string): number {
  return 8000 + Number(service.slice(1));
}

function rip(server: string): string {
  return `10.4.0.${Number(server.slice(1)) + 1}`;
}
