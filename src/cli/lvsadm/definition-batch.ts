/**
 * Many lines of `lvsadm -R` as one definition of the cluster. The lines are played on the definition as the server has it;
 * a line that cannot be played there (its service is elsewhere, or what it adds is there already) is for the server.
 */
import { type Backend, destinationKey, type Frontend, frontendKey } from '../../domain/keys.js';
import { freeName, realServerName, serviceName } from '../../domain/naming.js';
import type { Definition } from '../../domain/schema/definition.js';
import type { CommandLine } from '../../formats/ipvsadm/line.js';
import { Refusal } from './answer.js';
import { serverSpec, serviceSpec } from './specs.js';

type Service = Definition['virtualServices'][string];

/** A definition as it is sent: of specs that are new, defaults are left out. */
export interface Draft extends Pick<Definition, 'labels'> {
  readonly spec: object;
  readonly virtualServices: Record<string, DraftService>;
}

interface DraftService {
  readonly labels: Service['labels'];
  spec: object;
  readonly realServers: Record<string, { readonly labels: Service['labels']; spec: object }>;
}

interface Entry {
  readonly name: string;
  readonly service: DraftService;
  /** Names of the real servers by their keys. */
  readonly servers: Map<string, string>;
}

export interface Batch {
  readonly draft: Draft;
  /** Whether the line was played. */
  play(line: CommandLine): boolean;
}

/** On a copy of the definition, or on an empty cluster. `elsewhere` are keys that the kernel has for others. */
export function createBatch(current: Definition | undefined, elsewhere: ReadonlySet<string>): Batch {
  const draft: Draft = current ? structuredClone(current) : { labels: {}, spec: {}, virtualServices: {} };
  const names = new Set(Object.keys(draft.virtualServices));
  const entries = new Map(
    Object.entries(current?.virtualServices ?? {}).map(([name, { spec, realServers }]) => {
      const key = frontendKey(frontendOfSpec(spec));
      const servers = Object.entries(realServers).map(
        ([server, { spec: one }]) =>
          [destinationKey(key, { address: one.address, port: one.port ?? spec.port ?? 0 }), server] as const,
      );
      const service = draft.virtualServices[name] as DraftService;
      return [key, { name, service, servers: new Map(servers) } satisfies Entry] as const;
    }),
  );

  function addService(key: string, { frontend, ...line }: CommandLine & { frontend: Frontend }): void {
    const spec = { ...frontend, ...serviceSpec({ ...line, frontend }) };
    const name = freeName(serviceName(frontend), names);
    const service: DraftService = { labels: {}, spec, realServers: {} };
    draft.virtualServices[name] = service;
    entries.set(key, { name, service, servers: new Map() });
  }

  function removeService(key: string, { name }: Entry): void {
    delete draft.virtualServices[name];
    names.delete(name);
    entries.delete(key);
  }

  /** Undefined: not here. */
  function change(line: CommandLine): (() => void) | undefined {
    const { command, frontend, backend } = line;
    if (!frontend) return undefined;
    const key = frontendKey(frontend);
    const entry = entries.get(key);
    if (command === 'add-service')
      return entry || elsewhere.has(key) ? undefined : () => addService(key, { ...line, frontend });
    if (!entry) return undefined;
    if (command === 'delete-service') return () => removeService(key, entry);
    if (command === 'edit-service')
      return () => {
        entry.service.spec = { ...entry.service.spec, ...serviceSpec(line) };
      };
    if (!backend || elsewhere.has(destinationKey(key, backend))) return undefined;
    return changeServer(entry, line, backend);
  }

  return {
    draft,
    play(line) {
      const played = change(line);
      try {
        played?.();
      } catch (error) {
        if (error instanceof Refusal) return false; // the server's turn to refuse it, in its order
        throw error;
      }
      return played !== undefined;
    },
  };
}

function changeServer({ service, servers }: Entry, line: CommandLine, backend: Backend) {
  const key = destinationKey(frontendKey(line.frontend as Frontend), backend);
  const name = servers.get(key);
  const { realServers } = service;
  if (line.command === 'add-server') {
    if (name !== undefined) return undefined;
    return () => {
      const spec = serverSpec(line);
      const free = freeName(realServerName(backend), new Set(Object.keys(realServers)));
      realServers[free] = { labels: {}, spec };
      servers.set(key, free);
    };
  }
  const server = name === undefined ? undefined : realServers[name];
  if (name === undefined || !server) return undefined;
  if (line.command === 'delete-server')
    return () => {
      delete realServers[name];
      servers.delete(key);
    };
  if (line.command !== 'edit-server' || !isActive(server.spec)) return undefined;
  return () => {
    server.spec = { ...server.spec, ...serverSpec(line) };
  };
}

/** Of others the kernel has no entry, or another weight. */
function isActive(spec: object): boolean {
  return !('adminState' in spec) || spec.adminState === 'active';
}

function frontendOfSpec({ fwmark, family, protocol, address, port }: Service['spec']): Frontend {
  if (fwmark !== undefined) return { fwmark, family: family ?? 'ipv4' };
  return { protocol: protocol ?? 'tcp', address: address ?? '', port: port ?? 0 };
}
