// What was, through both doors, on one server.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Definition } from '../../src/domain/schema/definition.js';
import type { DefinitionDiff, PastResource, ResourceRevision } from '../../src/domain/schema/history.js';
import { startGrpcSession } from '../support/grpc-session.js';
import { createRestClient } from '../support/rest-client.js';
import { HTTP, putShop, SHOP, WEB_1 } from '../support/shop.js';

interface List {
  readonly items: readonly ResourceRevision[];
  readonly nextPageToken: string;
}

const { server, call, refused, stop } = await startGrpcSession();
const rest = createRestClient(server);
after(stop);

const service = 'HistoryService';
const shop = { project: 'default', name: 'shop' };
const http = { project: 'default', cluster: 'shop', name: 'http' };
const web1 = { project: 'default', cluster: 'shop', virtualService: 'http', name: 'web-1' };
let weighed = 0;

before(async () => {
  await putShop(rest);
  const { body } = await rest<{ revision: number }>('PATCH', WEB_1, {
    body: { spec: { weight: 9 } },
    headers: { 'x-audit-reason': 'Black Friday' },
  });
  weighed = body.revision;
  assert.equal((await rest('DELETE', `${SHOP}?cascade=true`)).status, 204);
});

test('both doors list the same revisions', async () => {
  for (const [path, method, request] of [
    [SHOP, 'ListClusterRevisions', shop],
    [HTTP, 'ListVirtualServiceRevisions', http],
    [WEB_1, 'ListRealServerRevisions', web1],
  ] as const) {
    const { body } = await rest<List>('GET', `${path}/revisions`);
    const answer = await call(`${service}/${method}`, request);
    const items = answer.items as unknown as { revision: string; summary: string }[];
    assert.deepEqual(
      items.map(({ revision, summary }) => [Number(revision), summary]),
      body.items.map(({ revision, summary }) => [revision, summary]),
    );
    assert.equal(items.length, 3);
    assert.equal(body.items[1]?.reason, 'Black Friday');
    const page = await rest<List>('GET', `${path}/revisions?pageSize=2`);
    const rest2 = await rest<List>(
      'GET',
      `${path}/revisions?pageSize=2&pageToken=${page.body.nextPageToken}`,
    );
    assert.deepEqual([...page.body.items, ...rest2.body.items], body.items);
    const next = await call(`${service}/${method}`, { ...request, pageSize: 2 });
    assert.equal(next.nextPageToken, page.body.nextPageToken);
  }
});

test('both doors show a deleted cluster, service and real server as they were', async () => {
  const { body, headers } = await rest<Definition>('GET', `${SHOP}/definition?revision=${weighed}`);
  assert.equal(body.virtualServices.http?.realServers['web-1']?.spec.weight, 9);
  assert.equal(headers.get('etag'), `"as-of-${weighed}"`);
  const request = { project: 'default', cluster: 'shop', revision: weighed };
  const { definition, etag } = await call('DefinitionService/GetDefinition', request);
  assert.deepEqual([JSON.stringify(definition).includes('"weight":9'), etag], [true, `"as-of-${weighed}"`]);
  for (const [path, method, names] of [
    [SHOP, 'GetClusterRevision', shop],
    [HTTP, 'GetVirtualServiceRevision', http],
    [WEB_1, 'GetRealServerRevision', web1],
  ] as const) {
    const past = await rest<PastResource>('GET', `${path}/revisions/${weighed}`);
    const { resource } = await call(`${service}/${method}`, { ...names, revision: weighed });
    assert.deepEqual(resource, { ...past.body, revision: String(weighed) });
  }
});

test('both doors compare, and REST also to be read', async () => {
  const query = `from=${weighed - 1}&to=${weighed}`;
  const { body } = await rest<DefinitionDiff>('GET', `${SHOP}/diff?${query}`);
  const path = '/virtualServices/http/realServers/web-1/spec/weight';
  assert.deepEqual(body.patch, [{ op: 'replace', path, value: 9 }]);
  const request = { project: 'default', cluster: 'shop', from: weighed - 1, to: weighed };
  const { diff } = await call(`${service}/GetDefinitionDiff`, request);
  assert.deepEqual((diff as { patch: unknown }).patch, [{ op: 'OP_REPLACE', path, value: 9 }]);
  const gone = await call(`${service}/GetDefinitionDiff`, { project: 'default', cluster: 'shop' });
  assert.deepEqual((gone.diff as { patch: unknown }).patch, [{ op: 'OP_REPLACE', path: '', value: null }]);
  const text = await rest<string>('GET', `${SHOP}/diff?${query}`, { headers: { accept: 'text/plain' } });
  assert.match(text.body, /~ virtual-services\/http\/real-servers\/web-1\n {4}spec\.weight: 3 -> 9\n$/);
  const other = await rest('GET', `${SHOP}/diff`, { headers: { accept: 'image/png' } });
  assert.equal(other.status, 406);
});

test('what never was, and what is still to come, is not found', async () => {
  for (const [path, reason] of [
    [`${SHOP}/revisions/999999`, 'REVISION_NOT_FOUND'],
    [`${SHOP}/definition?revision=999999`, 'REVISION_NOT_FOUND'],
    [`${SHOP}/diff?to=999999`, 'REVISION_NOT_FOUND'],
    [`${SHOP}/revisions/1`, 'CLUSTER_NOT_FOUND'],
    [`${SHOP}-2/revisions`, 'CLUSTER_NOT_FOUND'],
    [`${SHOP}-2/diff`, 'CLUSTER_NOT_FOUND'],
    [`${HTTP}-2/revisions`, 'VIRTUAL_SERVICE_NOT_FOUND'],
    [`${WEB_1}0/revisions/1`, 'REAL_SERVER_NOT_FOUND'],
    ['/v1/projects/none/clusters/shop/revisions', 'PROJECT_NOT_FOUND'],
  ]) {
    const { status, body } = await rest('GET', path as string);
    assert.deepEqual([status, body.reason], [404, reason], path);
  }
  for (const path of [`${SHOP}/revisions/0`, `${SHOP}/revisions/x`, `${SHOP}/diff?from=-1`]) {
    assert.equal((await rest('GET', path)).status, 400, path);
  }
  const { code, violations } = await refused(call(`${service}/GetClusterRevision`, shop));
  assert.deepEqual([code, violations], ['INVALID_ARGUMENT', [['revision', 'FIELD_INVALID']]]);
  const future = await refused(call(`${service}/GetRealServerRevision`, { ...web1, revision: 999_999 }));
  assert.deepEqual([future.code, future.reason], ['NOT_FOUND', 'REVISION_NOT_FOUND']);
});
