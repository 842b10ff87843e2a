/** Writes of all kinds to a cluster of a writer's own, and what they lead to. */
import type { Door, WriteOptions, Written } from './doors.js';
import type { Random } from './random.js';
import {
  definitionOf,
  type Model,
  type ModelService,
  type Place,
  serverSpec,
  serviceSpec,
} from './service-model.js';

export const SCHEDULERS = ['rr', 'wrr', 'lc', 'wlc', 'sed', 'nq'];
const SERVICES = 4;
const SERVERS = 6;

export interface Step {
  readonly after: Model;
  readonly send: (door: Door, options?: WriteOptions) => Promise<Written>;
}

/** Creates, edits and deletes of single resources, and now and then the whole cluster as one document. */
export function nextStep(place: Place, before: Model, random: Random): Step {
  const { cluster } = place;
  const name = `s${random(SERVICES)}`;
  const path = `${cluster}/virtual-services/${name}`;
  const service = before[name];
  const dice = random(20);
  if (dice < 3 || Object.keys(before).length === 0) {
    const names = Array.from({ length: SERVICES }, (_, one) => `s${one}`).filter(() => random(3) > 0);
    const after = Object.fromEntries(names.map((one) => [one, before[one] ?? randomService(random)]));
    return {
      after,
      send: (door, options) => door.replaceDefinition(cluster, definitionOf(place, after), options),
    };
  }
  if (!service) {
    const created = { scheduler: 'wlc', servers: {} };
    const after = { ...before, [name]: created };
    const body = { spec: serviceSpec(place, name, created) };
    return {
      after,
      // nothing leaves the kernel by it
      send: (door, { drain, ...options } = {}) => door.create(path, body, options),
    };
  }
  if (dice === 3) {
    return { after: without(before, name), send: (door, options) => door.delete(path, options) };
  }
  if (dice < 7) {
    const edited = { ...service, scheduler: SCHEDULERS[random(SCHEDULERS.length)] ?? 'rr' };
    const patch = { spec: { scheduler: edited.scheduler } };
    return {
      after: { ...before, [name]: edited },
      send: (door, options) => door.update(path, patch, options),
    };
  }
  const server = `r${random(SERVERS)}`;
  const serverPath = `${path}/real-servers/${server}`;
  const { servers } = service;
  const withServers = (changed: ModelService['servers']) => ({
    ...before,
    [name]: { ...service, servers: changed },
  });
  if (server in servers && dice < 11) {
    return {
      after: withServers(without(servers, server)),
      send: (door, options) => door.delete(serverPath, options),
    };
  }
  const weight = random(100);
  const after = withServers({ ...servers, [server]: weight });
  return server in servers && dice < 15
    ? { after, send: (door, options) => door.update(serverPath, { spec: { weight } }, options) }
    : {
        after,
        send: (door, options) => door.replace(serverPath, { spec: serverSpec(server, weight) }, options),
      };
}

function randomService(random: Random): ModelService {
  const names = Array.from({ length: SERVERS }, (_, one) => `r${one}`).filter(() => random(2) === 0);
  return {
    scheduler: SCHEDULERS[random(SCHEDULERS.length)] ?? 'rr',
    servers: Object.fromEntries(names.map((name) => [name, random(100)])),
  };
}

export function without<T>(record: Readonly<Record<string, T>>, name: string): Record<string, T> {
  return Object.fromEntries(Object.entries(record).filter(([one]) => one !== name));
}
