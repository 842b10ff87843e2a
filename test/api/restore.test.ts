// Rollback: a change-set that makes resources what they were.
import assert from 'node:assert/strict';
import { after, beforeEach, test } from 'node:test';
import type { ChangeSet } from '../../src/domain/schema/change-set.js';
import type { Definition } from '../../src/domain/schema/definition.js';
import type { ResourceRevision } from '../../src/domain/schema/history.js';
import type { Preview } from '../../src/domain/schema/preview.js';
import { startGrpcSession } from '../support/grpc-session.js';
import { createRestClient } from '../support/rest-client.js';
import { CLUSTERS, HTTP, httpSpec, putShop, removeShop, SHOP, WEB_1 } from '../support/shop.js';

const { server, call, stop } = await startGrpcSession();
const rest = createRestClient(server);
after(stop);

const path = (url: string) => url.replace('/v1/', '');
const restore = (url: string, revision: number) => ({ restore: { resource: path(url), revision } });
const post = <T = ChangeSet>(changes: readonly object[], more: object = {}, query = '') =>
  rest<T>('POST', `/v1/change-sets${query}`, { body: { changes, ...more } });
const revision = () => server.running.store.read((reader) => reader.revision());
const definition = async () => (await rest<Definition>('GET', `${SHOP}/definition`)).body;
const table = async () =>
  (await rest<string>('GET', '/v1/directors/local/table', { headers: { accept: 'text/x-ipvsadm-save' } }))
    .body;

beforeEach(async () => {
  await rest('DELETE', `${CLUSTERS}/blog?cascade=true&drain=false`);
  await removeShop(rest);
  await putShop(rest);
});

test('a cluster that was changed, and one that was deleted, is what it was, in the kernel too', async () => {
  const [was, lines, then] = [await definition(), await table(), revision()];
  await rest('PATCH', WEB_1, { body: { spec: { weight: 9 } } });
  await rest('PUT', `${SHOP}/virtual-services/dns`, {
    body: { spec: { protocol: 'udp', address: '192.168.10.88', port: 53 } },
  });
  const changed = await post([restore(SHOP, then)], {}, '?drain=false');
  assert.deepEqual([changed.status, changed.body.results[0]?.result], [201, 'updated']);
  assert.deepEqual([await definition(), await table()], [was, lines]);
  const { body } = await rest<{ items: ResourceRevision[] }>('GET', `${SHOP}/revisions?pageSize=1`);
  const [latest] = body.items;
  assert.deepEqual([latest?.action, latest?.summary], ['createChangeSet', '1 updated, 1 deleted']);
  assert.equal((await post([restore(SHOP, then)])).body.state, 'unchanged');

  await rest('DELETE', `${SHOP}?cascade=true&drain=false`);
  assert.equal(await table(), '');
  const { changeSet } = await call('DefinitionService/CreateChangeSet', { changes: [restore(SHOP, then)] });
  assert.equal((changeSet as { state: string }).state, 'STATE_APPLIED');
  assert.deepEqual([await definition(), await table()], [was, lines]);
});

test('a virtual service or a real server can be restored alone', async () => {
  const then = revision();
  const was = await definition();
  await rest('PATCH', SHOP, { body: { labels: { team: 'core' } } });
  await rest('PATCH', HTTP, { body: { spec: { scheduler: 'rr' } } });
  await rest('PATCH', WEB_1, { body: { spec: { weight: 9 } } });
  assert.equal((await post([restore(WEB_1, then)])).status, 201);
  const halfway = await definition();
  assert.equal(halfway.virtualServices.http?.spec.scheduler, 'rr');
  assert.deepEqual(halfway.virtualServices.http?.realServers, was.virtualServices.http?.realServers);
  assert.equal((await post([restore(HTTP, then)])).status, 201);
  const { labels, virtualServices } = await definition();
  assert.deepEqual([labels, virtualServices], [{ team: 'core' }, was.virtualServices]);
});

test('a preview shows it, maxDeletions and entity tags hold it, and nothing is stored then', async () => {
  const then = revision();
  await rest('PUT', `${HTTP}/real-servers/web-2`, { body: { spec: { address: '192.168.10.12' } } });
  const now = revision();
  const preview = await post<Preview>([restore(SHOP, then)], {}, '?validateOnly=true');
  assert.deepEqual(
    preview.body.changes.map(({ type, resource }) => [type, resource]),
    [['delete', path(`${HTTP}/real-servers/web-2`)]],
  );
  const held = await post<never>([restore(SHOP, then)], { maxDeletions: 0 });
  assert.equal((held.body as { reason: string }).reason, 'TOO_MANY_DELETIONS');
  const stale = await post<never>([{ ...restore(SHOP, then), ifMatch: '"old"' }]);
  assert.equal(stale.status, 412);
  assert.equal(revision(), now);
  const etag = (await rest('GET', `${SHOP}/definition`)).headers.get('etag');
  assert.equal((await post([{ ...restore(SHOP, then), ifMatch: etag }])).status, 201);
});

test('what cannot be as it was says why, and which change it is', async () => {
  const then = revision();
  await rest('DELETE', `${SHOP}?cascade=true&drain=false`);
  await rest('PUT', `${CLUSTERS}/blog/definition`, {
    body: { virtualServices: { web: { spec: httpSpec } } },
  });
  const before = revision();
  for (const [change, status, reason] of [
    [restore(SHOP, then), 409, 'FRONTEND_TAKEN'],
    [restore(SHOP, 1), 404, 'CLUSTER_NOT_FOUND'],
    [restore(SHOP, 999_999), 404, 'REVISION_NOT_FOUND'],
    [restore(WEB_1, then), 404, 'CLUSTER_NOT_FOUND'],
    [restore(SHOP, 0), 400, 'FIELD_INVALID'],
    [{ ...restore(SHOP, then), put: { resource: path(SHOP) } }, 400, 'FIELD_INVALID'],
  ] as const) {
    const answer = await rest('POST', '/v1/change-sets', { body: { changes: [change] } });
    assert.deepEqual([answer.status, answer.body.reason], [status, reason]);
    assert.match(answer.body.errors?.[0]?.pointer ?? '', /^\/changes\/0/);
  }
  assert.equal(revision(), before);
});

test('nobody restores what he may not change, nor learns that it was there', async () => {
  const then = revision();
  for (const [role, project, status] of [
    ['viewer', null, 403],
    ['operator', 'default', 403],
    ['admin', 'elsewhere', 404],
    ['editor', 'default', 200],
  ] as const) {
    if (project === 'elsewhere') await rest('PUT', '/v1/projects/elsewhere', { body: {} });
    const token = await server.createToken(role, project);
    const answer = await rest('POST', '/v1/change-sets', { body: { changes: [restore(SHOP, then)] }, token });
    assert.equal(answer.status, status, `${role} of ${project}`);
  }
});
