/** A writer with a cluster of its own, through both doors: it knows what every answer must be, and what must be there. */
import assert from 'node:assert/strict';
import type { Definition } from '../../../src/domain/schema/definition.js';
import { type Change, CLUSTERS, type Door, type WriteOptions, type Written } from '../doors.js';
import type { Rest } from '../kernel-rest.js';
import type { Random } from '../random.js';
import { linesOf, type Model, modelOf, type Place, serverSpec, serviceSpec } from '../service-model.js';
import { nextStep, SCHEDULERS, without } from '../write-steps.js';

/** The kernel does not take the broadcast address of a connected subnet for one host's: ip_vs_new_dest, EINVAL. */
export const BROADCAST = '10.77.0.255';

/** A call whose change events the audit log must have. */
export interface Told {
  readonly requestId: string;
  readonly changes: number;
}

export interface SoakWriter {
  readonly place: Place;
  /** The state after every acknowledged write. */
  readonly model: Model;
  /** In order: calls that changed something, or tried to until the kernel refused it. */
  readonly told: readonly Told[];
  /** Carries out one write of any kind and holds its answer against what it must be. */
  write(): Promise<void>;
  /** Reads the cluster as it is, and as it was when this was called last. */
  check(rest: Rest): Promise<void>;
}

interface Attempt {
  readonly after: Model;
  readonly send: (door: Door, options: WriteOptions) => Promise<Written>;
  /** Reason of the error that it must be answered with; undefined: it succeeds. */
  readonly reason?: string;
  /** Default: the number of resources in which `after` differs. */
  readonly changes?: number;
}

export function createSoakWriter(place: Place, doors: readonly Door[], random: Random): SoakWriter {
  let model: Model = {};
  const told: Told[] = [];
  let count = 0;
  let known: { revision: number; model: Model } | undefined;

  function next(): Attempt {
    const names = Object.keys(model);
    const name = names[random(names.length || 1)];
    const dice = random(20);
    if (name === undefined || dice < 14) return drained(nextStep(place, model, random));
    if (dice < 16) return preview();
    if (dice === 16) return stale(name);
    if (dice === 17) return refused(name);
    return changeSet(name);
  }

  function drained({ after, send }: Attempt): Attempt {
    const drain = random(2) === 0;
    return { after, send: (door, options) => send(door, { ...options, drain }) };
  }

  function preview(): Attempt {
    const { send } = nextStep(place, model, random);
    return { after: model, send: (door, options) => send(door, { ...options, validateOnly: true }) };
  }

  function stale(name: string): Attempt {
    const patch = { spec: { scheduler: SCHEDULERS[random(SCHEDULERS.length)] } };
    return {
      after: model,
      send: (door, options) => door.update(pathOf(name), patch, { ...options, etag: '"stale"' }),
      reason: 'ETAG_MISMATCH',
    };
  }

  function refused(name: string): Attempt {
    const body = { spec: { address: BROADCAST } };
    return {
      after: model,
      send: (door, options) => door.create(`${pathOf(name)}/real-servers/refused`, body, options),
      reason: 'KERNEL_REFUSED',
      changes: 1,
    };
  }

  /** A service of its own in place of one that there is, and a server in each. */
  function changeSet(old: string): Attempt {
    const fresh = `s${4 + random(4)}`;
    const server = `r${random(6)}`;
    const weight = 1 + random(99);
    const service = model[fresh] ?? { scheduler: 'lc', servers: {} };
    const servers = { ...service.servers, [server]: weight };
    const after = { ...without(model, old), [fresh]: { ...service, servers } };
    if (fresh === old) return preview();
    const changes: Change[] = [
      { delete: { resource: pathOf(old) } },
      { put: { resource: pathOf(fresh), spec: serviceSpec(place, fresh, service) } },
      { put: { resource: `${pathOf(fresh)}/real-servers/${server}`, spec: serverSpec(server, weight) } },
    ];
    return drained({ after, send: (door, options = {}) => door.changeSet(changes, options) });
  }

  function pathOf(service: string): string {
    return `${place.cluster}/virtual-services/${service}`;
  }

  return {
    place,
    told,
    get model() {
      return model;
    },
    async write() {
      const isFirst = count === 0;
      count += 1;
      const requestId = `${place.cluster}-${count}`;
      const { after, send, reason, changes = differences(model, after) + Number(isFirst) } = next();
      const door = doors[random(doors.length)];
      assert.ok(door);
      const written = await send(door, { requestId });
      const failure = written.outcome === 'failed' ? written.failure.reason : undefined;
      assert.equal(failure, reason, `${requestId} over ${door.name}: ${JSON.stringify(written)}`);
      assert.notEqual(written.outcome, 'pending', requestId);
      model = after;
      if (changes > 0) told.push({ requestId, changes });
    },
    async check(rest) {
      if (count === 0) return;
      const url = `${CLUSTERS}/${place.cluster}/definition`;
      assert.deepEqual(modelOf(await rest.get<Definition>(url)), model, place.cluster);
      if (known) {
        const then = modelOf(await rest.get<Definition>(`${url}?revision=${known.revision}`));
        assert.deepEqual(then, known.model, `${place.cluster} as of ${known.revision}`);
      }
      const { items } = await rest.get<{ items: { id: number }[] }>('/v1/audit-events?pageSize=1');
      known = { revision: items[0]?.id ?? 0, model };
    },
  };
}

/** Lines of `ipvsadm -Sn` that the writers' acknowledged states lead to. */
export function writersLines(writers: readonly SoakWriter[]): string[] {
  return writers.flatMap(({ place, model }) => linesOf(place, model));
}

/** How many resources were created, changed or deleted. */
function differences(before: Model, after: Model): number {
  const [old, now] = [resourcesOf(before), resourcesOf(after)];
  const paths = new Set([...old.keys(), ...now.keys()]);
  return [...paths].filter((path) => old.get(path) !== now.get(path)).length;
}

function resourcesOf(model: Model): Map<string, string | number> {
  return new Map(
    Object.entries(model).flatMap(([name, { scheduler, servers }]): [string, string | number][] => [
      [name, scheduler],
      ...Object.entries(servers).map(([server, weight]): [string, number] => [`${name}/${server}`, weight]),
    ]),
  );
}
