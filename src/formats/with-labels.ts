import type { Definition } from '../domain/schema/definition.js';
import type { DefinitionDocument } from './definition.js';

/**
 * The document with what the cluster has now and the document does not say: labels, the description and the VIP's interface.
 * No foreign configuration has a word for them.
 */
export function withLabelsOf(
  { labels, spec, virtualServices }: DefinitionDocument,
  current: Definition | undefined,
): DefinitionDocument {
  if (!current) return { ...(labels && { labels }), spec, virtualServices };
  const { description, vip } = current.spec;
  return {
    labels: labels ?? current.labels,
    spec: { description, vip, ...spec },
    virtualServices: mapValues(virtualServices, (name, service) => ({
      labels: service.labels ?? current.virtualServices[name]?.labels ?? {},
      spec: service.spec,
      realServers: mapValues(service.realServers, (serverName, server) => ({
        labels: server.labels ?? current.virtualServices[name]?.realServers[serverName]?.labels ?? {},
        spec: server.spec,
      })),
    })),
  };
}

function mapValues<T, R>(record: Readonly<Record<string, T>>, map: (key: string, value: T) => R) {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(key, value)]));
}
