/**
 * Writers that change a cluster of their own through both doors and know what must be true afterwards: of every
 * acknowledged write its result, of one that got no answer either all or nothing.
 */
import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import type { Definition } from '../../src/domain/schema/definition.js';
import type { Door, Json, Written } from './doors.js';

/** A whole number from 0 to `below` - 1. */
export type Random = (below: number) => number;

/** mulberry32: the same seed, the same numbers. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

interface ModelService {
  readonly scheduler: string;
  /** Weights by name. */
  readonly servers: Readonly<Record<string, number>>;
}

/** Virtual services by name. */
export type Model = Readonly<Record<string, ModelService>>;

export interface Writer {
  /** The state after every acknowledged write. */
  readonly acknowledged: Model;
  /** The state if the write that got no answer was carried out; undefined when every write got one. */
  readonly unanswered: Model | undefined;
  /** How many writes were acknowledged. */
  readonly count: number;
  /** Writes one after another until one gets no answer, or that the server is stopping. Rejects at any other failure. */
  run(doors: readonly Door[]): Promise<void>;
  /**
   * Takes over what was found after a restart; throws when it is neither of the two. True when that is the write that got
   * no answer.
   */
  settle(found: Definition): boolean;
  /** Lines of `ipvsadm -Sn` that the acknowledged state must lead to. */
  lines(): string[];
}

const SCHEDULERS = ['rr', 'wrr', 'lc', 'wlc', 'sed', 'nq'];
const SERVICES = 4;
const SERVERS = 6;

interface Step {
  readonly after: Model;
  readonly send: (door: Door) => Promise<Written>;
}

export function createWriter(index: number, random: Random): Writer {
  const cluster = `writer-${index}`;
  let acknowledged: Model = {};
  let unanswered: Model | undefined;
  let count = 0;

  function serviceSpec(name: string, { scheduler }: ModelService): Json {
    return { protocol: 'tcp', address: vip(index), port: portOf(name), scheduler };
  }

  function definitionOf(model: Model): Json {
    const virtualServices = Object.entries(model).map(([name, service]) => {
      const realServers = Object.entries(service.servers).map(([server, weight]) => [
        server,
        { spec: serverSpec(server, weight) },
      ]);
      return [name, { spec: serviceSpec(name, service), realServers: Object.fromEntries(realServers) }];
    });
    return { spec: { forwarding: { method: 'nat' } }, virtualServices: Object.fromEntries(virtualServices) };
  }

  function randomService(): ModelService {
    const names = Array.from({ length: SERVERS }, (_, one) => `r${one}`).filter(() => random(2) === 0);
    return {
      scheduler: SCHEDULERS[random(SCHEDULERS.length)] ?? 'rr',
      servers: Object.fromEntries(names.map((name) => [name, random(100)])),
    };
  }

  /** Creates, edits and deletes of single resources, and now and then the whole cluster as one document. */
  function nextStep(): Step {
    const name = `s${random(SERVICES)}`;
    const path = `${cluster}/virtual-services/${name}`;
    const service = acknowledged[name];
    const dice = random(20);
    if (dice < 3 || Object.keys(acknowledged).length === 0) {
      const names = Array.from({ length: SERVICES }, (_, one) => `s${one}`).filter(() => random(3) > 0);
      const after = Object.fromEntries(names.map((one) => [one, acknowledged[one] ?? randomService()]));
      return { after, send: (door) => door.replaceDefinition(cluster, definitionOf(after)) };
    }
    if (!service) {
      const created = { scheduler: 'wlc', servers: {} };
      const after = { ...acknowledged, [name]: created };
      return { after, send: (door) => door.create(path, { spec: serviceSpec(name, created) }) };
    }
    if (dice === 3) {
      return { after: without(acknowledged, name), send: (door) => door.delete(path) };
    }
    if (dice < 7) {
      const edited = { ...service, scheduler: SCHEDULERS[random(SCHEDULERS.length)] ?? 'rr' };
      const after = { ...acknowledged, [name]: edited };
      return { after, send: (door) => door.update(path, { spec: { scheduler: edited.scheduler } }) };
    }
    const server = `r${random(SERVERS)}`;
    const serverPath = `${path}/real-servers/${server}`;
    const { servers } = service;
    const withServers = (changed: ModelService['servers']) => ({
      ...acknowledged,
      [name]: { ...service, servers: changed },
    });
    if (server in servers && dice < 11) {
      return { after: withServers(without(servers, server)), send: (door) => door.delete(serverPath) };
    }
    const weight = random(100);
    const after = withServers({ ...servers, [server]: weight });
    return server in servers && dice < 15
      ? { after, send: (door) => door.update(serverPath, { spec: { weight } }) }
      : { after, send: (door) => door.replace(serverPath, { spec: serverSpec(server, weight) }) };
  }

  return {
    get acknowledged() {
      return acknowledged;
    },
    get unanswered() {
      return unanswered;
    },
    get count() {
      return count;
    },
    async run(doors) {
      for (;;) {
        const step = nextStep();
        const door = doors[random(doors.length)];
        assert.ok(door);
        unanswered = step.after;
        let written: Written;
        try {
          written = await step.send(door);
        } catch {
          return;
        }
        if (written.outcome === 'failed' && written.failure.reason === 'SHUTTING_DOWN') {
          unanswered = undefined;
          return;
        }
        assert.ok(
          written.outcome !== 'failed' && written.outcome !== 'pending',
          `${cluster}: ${JSON.stringify(written)} for ${JSON.stringify(step.after)}`,
        );
        acknowledged = step.after;
        unanswered = undefined;
        count += 1;
      }
    },
    settle(found) {
      const model = modelOf(found);
      const isCarriedOut = unanswered !== undefined && isDeepStrictEqual(model, unanswered);
      if (!isCarriedOut)
        assert.deepEqual(model, acknowledged, `${cluster}; in flight: ${JSON.stringify(unanswered)}`);
      acknowledged = model;
      unanswered = undefined;
      return isCarriedOut;
    },
    lines() {
      return Object.entries(acknowledged).flatMap(([name, { scheduler, servers }]) => {
        const frontend = `-t ${vip(index)}:${portOf(name)}`;
        return [
          `-A ${frontend} -s ${scheduler}`,
          ...Object.entries(servers).map(
            ([server, weight]) => `-a ${frontend} -r ${rip(server)}:8080 -m -w ${weight}`,
          ),
        ];
      });
    },
  };
}

function vip(index: number): string {
  return `10.3.0.${index + 1}`;
}

function portOf(service: string): number {
  return 8000 + Number(service.slice(1));
}

function rip(server: string): string {
  return `10.4.0.${Number(server.slice(1)) + 1}`;
}

function serverSpec(server: string, weight: number): Json {
  return { address: rip(server), port: 8080, weight };
}

function modelOf({ virtualServices }: Definition): Model {
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

function without<T>(record: Readonly<Record<string, T>>, name: string): Record<string, T> {
  return Object.fromEntries(Object.entries(record).filter(([one]) => one !== name));
}
