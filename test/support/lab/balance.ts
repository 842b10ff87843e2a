/** One virtual service at a time with lvsd's API, and a count of who gets its connections. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { CLUSTERS } from '../doors.js';
import type { KernelServer } from '../kernel-server.js';
import { realServersOf } from './cluster.js';
import { BACKEND_PORT, type Backends, type Connection } from './connections.js';
import { type Family, REAL_SERVERS, type RealServerName } from './network.js';
import type { Endpoint } from './sockets.js';

/** More of the specs of the real servers, by their names. */
export type Servers = Partial<Record<RealServerName, object>>;
export type Tally = Readonly<Record<RealServerName, number>>;

/** A cluster of this name with one virtual service, which forwards with nat. It goes, at once, with the test. */
export async function balance(
  t: TestContext,
  server: KernelServer,
  { name, family = 'ipv4', service, servers }: BalanceOptions,
): Promise<void> {
  const body = {
    spec: { forwarding: { method: 'nat' } },
    virtualServices: {
      service: { spec: service, realServers: realServersOf(family, BACKEND_PORT, servers) },
    },
  };
  const cluster = `${CLUSTERS}/${name}`;
  const answer = await server.rest.call('PUT', `${cluster}/definition`, { body });
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  t.after(async () => {
    assert.equal((await server.rest.call('DELETE', `${cluster}?cascade=true&drain=false`)).status, 204);
  });
}

interface BalanceOptions {
  readonly name: string;
  readonly family?: Family;
  /** Spec of the virtual service. */
  readonly service: object;
  readonly servers?: Servers;
}

/** Edits the weight of a real server that `balance` made. */
export async function setWeight(
  server: KernelServer,
  cluster: string,
  realServer: RealServerName,
  weight: number,
): Promise<void> {
  const body = { spec: { weight } };
  assert.equal((await server.rest.call('PATCH', pathOf(cluster, realServer), { body })).status, 200);
}

/** Takes a real server that `balance` made away, with its connections. */
export async function removeAtOnce(
  server: KernelServer,
  cluster: string,
  realServer: RealServerName,
): Promise<void> {
  const { status } = await server.rest.call('DELETE', `${pathOf(cluster, realServer)}?drain=false`);
  assert.equal(status, 204);
}

function pathOf(cluster: string, realServer: RealServerName): string {
  return `${CLUSTERS}/${cluster}/virtual-services/service/real-servers/${realServer}`;
}

/** Opens connections that stay until the test ends, one for each source. */
export function hold(
  t: TestContext,
  backends: Backends,
  vip: Endpoint,
  sources: readonly Endpoint[],
): Connection[] {
  return sources.map((source) => {
    const connection = backends.open(vip, source);
    t.after(() => connection.close());
    return connection;
  });
}

/** Opens and closes one connection after the other; who got them, in order. */
export function visit(backends: Backends, vip: Endpoint, sources: readonly Endpoint[]): RealServerName[] {
  return sources.map((source) => {
    const connection = backends.open(vip, source);
    connection.close();
    return connection.server;
  });
}

export function tally(names: readonly RealServerName[]): Tally {
  const [rs1 = 0, rs2 = 0, rs3 = 0] = REAL_SERVERS.map((name) => names.filter((one) => one === name).length);
  return { rs1, rs2, rs3 };
}
