/** A definition document with every default filled in, as the server stores and shows it. */

import { normaliseCluster } from '../domain/schema/cluster.js';
import type { Definition } from '../domain/schema/definition.js';
import { normaliseForwarding } from '../domain/schema/forwarding.js';
import { normaliseRealServer } from '../domain/schema/real-server.js';
import { normaliseVirtualService } from '../domain/schema/virtual-service.js';
import type { DefinitionDocument, RealServerInput, ServiceInput } from './definition.js';

export function normaliseDocument({ labels, spec, virtualServices }: DefinitionDocument): Definition {
  const { forwarding, ...rest } = spec;
  return {
    labels: labels ?? {},
    spec: normaliseCluster({ ...rest, ...(forwarding && { forwarding: normaliseForwarding(forwarding) }) }),
    virtualServices: mapValues(virtualServices, (service) => ({
      labels: service.labels ?? {},
      spec: normaliseService(service.spec),
      realServers: mapValues(service.realServers, ({ labels: own, spec: server }) => ({
        labels: own ?? {},
        spec: normaliseServer(server),
      })),
    })),
  };
}

function normaliseService({ forwarding, ...rest }: ServiceInput) {
  return normaliseVirtualService({
    ...rest,
    ...(forwarding && { forwarding: normaliseForwarding(forwarding) }),
  });
}

function normaliseServer({ forwarding, ...rest }: RealServerInput) {
  return normaliseRealServer({ ...rest, ...(forwarding && { forwarding: normaliseForwarding(forwarding) }) });
}

function mapValues<T, R>(record: Readonly<Record<string, T>>, map: (value: T) => R): Record<string, R> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}
