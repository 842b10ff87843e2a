/**
 * A session of a client whose types are generated from openapi/openapi.json: creates, reads, changes and deletes, and meets
 * errors. The compiler checks every path, parameter, body and answer. Ends with status 1 where something is not as told.
 *
 *     node dist/session.js http://127.0.0.1:8080 TOKEN
 */
import { deepEqual, equal, ok } from 'node:assert/strict';
import createClient from 'openapi-fetch';
import type { components, paths } from './dist/lvsd.js';

const [, , baseUrl = '', token = ''] = process.argv;
const client = createClient<paths>({ baseUrl, headers: { authorization: `Bearer ${token}` } });

const project = 'default';
const cluster = 'typed';
const virtualService = 'http';
const realServer = 'web1';
const CLUSTERS = '/v1/projects/{project}/clusters';
const CLUSTER = `${CLUSTERS}/{cluster}` as const;
const SERVICES = `${CLUSTER}/virtual-services` as const;
const SERVICE = `${SERVICES}/{virtualService}` as const;
const SERVERS = `${SERVICE}/real-servers` as const;
const SERVER = `${SERVERS}/{realServer}` as const;

const created = await client.POST(CLUSTERS, {
  params: { path: { project }, header: { 'x-audit-reason': 'a typed session' } },
  body: { name: cluster, labels: { team: 'web' }, spec: { forwarding: { method: 'nat' } } },
});
equal(created.response.status, 201, JSON.stringify(created.error));
equal(created.response.headers.get('location'), '/v1/projects/default/clusters/typed');

const again = await client.POST(CLUSTERS, {
  params: { path: { project } },
  body: { name: cluster, spec: {} },
});
equal(again.response.status, 409);
// An error is a Problem, whatever its status.
const problem: components['schemas']['Problem'] | undefined = again.error;
equal(problem?.reason, 'NAME_TAKEN');

const spec: components['schemas']['VirtualServiceSpecInput'] = {
  protocol: 'tcp',
  address: '192.0.2.80',
  port: 80,
  scheduler: 'wrr',
};
const preview = await client.POST(SERVICES, {
  params: { path: { project, cluster }, query: { validateOnly: true } },
  body: { name: virtualService, spec },
});
equal(preview.response.status, 200);
ok(preview.data && 'operations' in preview.data, 'a preview has the operations of the kernel');

const service = await client.PUT(SERVICE, {
  params: { path: { project, cluster, virtualService } },
  body: { spec },
});
equal(service.response.status, 201);

const server = await client.POST(SERVERS, {
  params: { path: { project, cluster, virtualService } },
  body: { name: realServer, spec: { address: '10.0.0.1', port: 8080, weight: 3 } },
});
ok(server.data && 'etag' in server.data);
const { etag } = server.data;

const path = { project, cluster, virtualService, realServer };
const changed = await client.PATCH(SERVER, {
  params: { path, header: { 'if-match': etag } },
  headers: { 'content-type': 'application/merge-patch+json' },
  body: { spec: { weight: 5 } },
});
equal(changed.response.status, 200, JSON.stringify(changed.error));
ok(changed.data && 'spec' in changed.data);
equal(changed.data.spec.weight, 5);

const late = await client.PATCH(SERVER, {
  params: { path, header: { 'if-match': etag } },
  body: { spec: { weight: 7 } },
});
deepEqual([late.response.status, late.error?.reason], [412, 'ETAG_MISMATCH']);

const faulty = await client.PUT(SERVICE, {
  params: { path: { project, cluster, virtualService } },
  // @ts-expect-error the types know the schedulers
  body: { spec: { ...spec, scheduler: 'fastest' } },
});
deepEqual([faulty.response.status, faulty.error?.errors?.[0]?.pointer], [400, '/spec/scheduler']);

const page = await client.GET(SERVERS, {
  params: { path: { project, cluster, virtualService }, query: { filter: 'spec.weight=5', pageSize: 10 } },
});
deepEqual(
  page.data?.items.map(({ name, status }) => [name, status.state]),
  [['web1', 'applied']],
);

const events = await client.GET('/v1/audit-events', {
  params: { query: { action: 'createCluster', pageSize: 1 } },
});
equal(events.data?.items.length, 1);

const kept = await client.DELETE(CLUSTER, { params: { path: { project, cluster } } });
deepEqual([kept.response.status, kept.error?.reason], [409, 'HAS_CHILDREN']);
const gone = await client.DELETE(CLUSTER, {
  params: { path: { project, cluster }, query: { cascade: true } },
});
equal(gone.response.status, 204);
const missing = await client.GET(CLUSTER, { params: { path: { project, cluster } } });
deepEqual([missing.response.status, missing.error?.reason], [404, 'CLUSTER_NOT_FOUND']);
console.log('done');
