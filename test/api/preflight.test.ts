/** The preflight over both doors and the command, on a model of a host that tests can spoil. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { JsonObject } from '@bufbuild/protobuf';
import type { Preflight } from '../../src/domain/schema/preflight.js';
import { runCommand } from '../support/command.js';
import { connectByReflection } from '../support/grpc-reflection-client.js';
import { createRestClient } from '../support/rest-client.js';
import { startTestServer } from '../support/server.js';
import { CLUSTERS } from '../support/shop.js';

const server = await startTestServer();
const rest = createRestClient(server);
const grpc = await connectByReflection(server.grpcAddress, { token: server.adminToken });
after(async () => {
  grpc.close();
  await server.stop();
});

const put = (cluster: string, method: string, address: string) =>
  rest('PUT', `${CLUSTERS}/${cluster}/definition`, {
    body: {
      spec: { forwarding: { method } },
      virtualServices: {
        http: {
          spec: { protocol: 'tcp', address, port: 80 },
          realServers: { a: { spec: { address: '192.168.10.11' } }, b: { spec: { address: '10.9.9.9' } } },
        },
      },
    },
  });
await put('near', 'dr', '192.168.10.1');
await put('masked', 'nat', '192.168.10.77');

const ids = ({ findings }: Preflight) => findings.map(({ id }) => id).toSorted();
const preflight = (path: string) => rest<Preflight>('GET', `/v1/${path}/preflight`);

test('who may see one project only learns what is in the way, and nothing of the host', async () => {
  const whole = (await preflight('projects/default/clusters/masked')).body;
  const token = await server.createToken('admin', 'default');
  const { body } = await rest<Preflight>('GET', `${CLUSTERS}/masked/preflight`, { token });
  assert.deepEqual(ids(body), ids(whole));
  assert.deepEqual([body.errors, body.warnings], [whole.errors, whole.warnings]);
  const found = body.findings.find(({ id }) => id === 'VIP_MISSING');
  assert.equal(found?.subject.address, '192.168.10.77');
  assert.match(found?.why ?? '', /does not take packets/);
  assert.match(JSON.stringify(whole), /eth0/);
  assert.doesNotMatch(JSON.stringify(body), /eth0|sysctl|ip addr/);
  const { director } = (await preflight('directors/local')).body;
  assert.equal((await rest('GET', `/v1/directors/${director}/preflight`, { token })).status, 403);
});

test('a cluster is checked for what it needs, the director for everything', async () => {
  const near = await preflight('projects/default/clusters/near');
  assert.equal(near.status, 200);
  assert.deepEqual(ids(near.body), ['MEMORY_DRIVER', 'REAL_SERVER_NOT_ON_SEGMENT']);
  assert.deepEqual([near.body.errors, near.body.warnings, near.body.infos], [1, 0, 1]);
  const masked = await preflight('projects/default/clusters/masked');
  assert.deepEqual(ids(masked.body), [
    'MEMORY_DRIVER',
    'NAT_BEHIND_ROUTER',
    'NAT_RETURN_PATH',
    'VIP_MISSING',
  ]);
  const all = await preflight('directors/local');
  assert.deepEqual(ids(all.body), [
    ...['MEMORY_DRIVER', 'NAT_BEHIND_ROUTER', 'NAT_RETURN_PATH'],
    ...['REAL_SERVER_NOT_ON_SEGMENT', 'VIP_MISSING'],
  ]);
  const found = all.body.findings.find(({ id }) => id === 'VIP_MISSING');
  assert.deepEqual(found?.subject, {
    interface: 'eth0',
    address: '192.168.10.77',
    resource: 'projects/default/clusters/masked/virtual-services/http',
    method: null,
  });
});

test('gRPC finds the same', async () => {
  const { answer } = await grpc.call('lvsd.v1.ClusterService/GetClusterPreflight', {
    project: 'default',
    cluster: 'near',
  });
  const { body } = await preflight('projects/default/clusters/near');
  const { findings, errors } = answer.preflight as JsonObject;
  assert.equal(errors, body.errors);
  assert.deepEqual(
    (findings as JsonObject[]).map(({ id, remedy = null }) => [id, remedy]),
    body.findings.map(({ id, remedy }) => [id, remedy]),
  );
  const director = await grpc.call('lvsd.v1.DirectorService/GetDirectorPreflight', { director: 'local' });
  assert.equal(((director.answer.preflight as JsonObject).findings as JsonObject[]).length, 5);
});

test('a disabled real server is not asked for; what is not there is a 404', async () => {
  await rest('PATCH', `${CLUSTERS}/near/virtual-services/http/real-servers/b`, {
    body: { spec: { adminState: 'disabled' } },
  });
  assert.deepEqual(ids((await preflight('projects/default/clusters/near')).body), ['MEMORY_DRIVER']);
  for (const [path, reason] of [
    ['projects/default/clusters/none', 'CLUSTER_NOT_FOUND'],
    ['projects/none/clusters/near', 'PROJECT_NOT_FOUND'],
    ['directors/none', 'DIRECTOR_NOT_FOUND'],
  ] as const) {
    const { status, body } = await rest('GET', `/v1/${path}/preflight`);
    assert.deepEqual([status, body.reason], [404, reason]);
  }
});

test('a kernel that is away is the first finding', async (t) => {
  server.kernel.setAvailable(false, 'the kernel has no IPVS');
  t.after(() => server.kernel.setAvailable(true));
  const { body } = await preflight('projects/default/clusters/near');
  assert.deepEqual([body.findings[0]?.id, body.findings[0]?.remedy], ['IPVS_UNAVAILABLE', 'modprobe ip_vs']);
  assert.match(body.findings[0]?.seen ?? '', /the kernel has no IPVS/);
});

test('the command prints the findings, and its exit status tells a pipeline', async () => {
  const run = (...args: string[]) =>
    runCommand(['preflight', ...args], { LVSD_SERVER: server.url, LVSD_TOKEN: server.adminToken });
  const fine = await run('--cluster', 'near', '--strict');
  assert.equal(fine.code, 0, fine.stderr);
  assert.match(fine.stdout, /\nDirector local: 0 errors, 0 warnings, 1 infos\.\n$/);
  const broken = await run('--cluster', 'masked');
  assert.equal(broken.code, 3);
  assert.match(broken.stdout, /^error: VIP_MISSING: The director does not have 192\.168\.10\.77\.\n/);
  assert.match(broken.stdout, /\n {4}ip addr add 192\.168\.10\.77\/32 dev eth0\n/);
  const json = await run('--output', 'json');
  assert.equal(json.code, 3);
  assert.equal((JSON.parse(json.stdout) as Preflight).director, 'local');
  const none = await run('--cluster', 'none');
  assert.equal(none.code, 1);
  assert.match(none.stderr, /^lvsd: There is no cluster/m);
});
