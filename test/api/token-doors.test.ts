// Tokens through both doors: who may make, see and revoke which.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Token } from '../../src/domain/schema/token.js';
import { systemContext } from '../support/control-world.js';
import { startGrpcSession } from '../support/grpc-session.js';
import { createRestClient } from '../support/rest-client.js';

const session = await startGrpcSession();
const { server } = session;
const rest = createRestClient(server);
after(() => session.stop());

for (const name of ['shop', 'blog']) {
  await server.running.store.write(systemContext, (tx) =>
    tx.put({ kind: 'project', path: `projects/${name}`, labels: {}, spec: {} }),
  );
}
const shopAdmin = await server.createToken('admin', 'shop');
const shopEditor = await server.createToken('editor', 'shop');
const blogAdmin = await server.createToken('admin', 'blog');
const auditor = await server.createToken('viewer');

const TOKENS = '/v1/tokens';
const SHOP_TOKENS = '/v1/projects/shop/tokens';

async function statusOf(method: string, path: string, token: string, body?: object): Promise<number> {
  return (await rest(method, path, { token, ...(body && { body }) })).status;
}

test('the secret is in the answer to the creation alone, and works until the token is revoked', async () => {
  const body = { name: 'portal', labels: { team: 'web' }, spec: { role: 'editor' } };
  const headers = { 'x-audit-reason': 'Ticket 4711' };
  const made = await rest<Token>('POST', SHOP_TOKENS, { token: shopAdmin, body, headers });
  assert.equal(made.status, 201);
  assert.equal(made.headers.get('location'), `${SHOP_TOKENS}/portal`);
  const { secret = '', ...token } = made.body;
  assert.match(secret, /^lvsd_[\w-]{43}$/);
  assert.deepEqual([token.project, token.spec], ['shop', { role: 'editor', expireTime: null }]);

  const got = await rest<Token>('GET', `${SHOP_TOKENS}/portal`, { token: shopAdmin });
  assert.deepEqual(got.body, token);
  const listed = await rest<{ items: Token[] }>('GET', `${SHOP_TOKENS}?filter=labels.team=web`, {
    token: shopAdmin,
  });
  assert.deepEqual(listed.body.items, [token]);
  const events = await rest<{ items: object[] }>('GET', '/v1/audit-events?pageSize=1000');
  assert.ok(JSON.stringify(events.body).includes('projects/shop/tokens/portal'));
  assert.equal(JSON.stringify(events.body).includes(secret), false);

  assert.equal(await statusOf('POST', '/v1/projects/shop/clusters', secret, { name: 'a' }), 201);
  assert.equal(await statusOf('GET', '/v1/projects/blog/clusters', secret), 404);
  const [made1] = server.running.store.read((reader) =>
    reader.events({ order: 'descending', limit: 1, action: 'createCluster' }),
  );
  assert.deepEqual(made1?.actor, {
    principal: 'shop/portal',
    credentialId: 'projects/shop/tokens/portal',
    roles: ['editor@shop'],
  });

  const stale = { token: shopAdmin, headers: { 'if-match': '"1"' } };
  assert.equal((await rest('DELETE', `${SHOP_TOKENS}/portal`, stale)).status, 412);
  assert.equal(await statusOf('DELETE', `${SHOP_TOKENS}/portal?validateOnly=true`, shopAdmin), 200);
  assert.equal(await statusOf('GET', '/v1/projects/shop/clusters', secret), 200);
  assert.equal(await statusOf('DELETE', `${SHOP_TOKENS}/portal`, shopAdmin), 204);
  assert.equal(await statusOf('GET', '/v1/projects/shop/clusters', secret), 401);
  assert.equal(await statusOf('GET', `${SHOP_TOKENS}/portal`, shopAdmin), 404);
});

test('an administrator of a project reaches neither the tokens of the server nor those of another project', async () => {
  const body = { name: 'more', spec: { role: 'admin' } };
  assert.equal(await statusOf('POST', TOKENS, shopAdmin, body), 403);
  assert.equal(await statusOf('GET', TOKENS, shopAdmin), 403);
  assert.equal(await statusOf('GET', SHOP_TOKENS, blogAdmin), 404);
  assert.equal(await statusOf('POST', SHOP_TOKENS, blogAdmin, body), 404);
  assert.equal(await statusOf('POST', SHOP_TOKENS, shopEditor, body), 403);
  assert.equal(await statusOf('GET', TOKENS, auditor), 403);
  assert.equal(await statusOf('GET', SHOP_TOKENS, auditor), 403);
  const elsewhere = { ...body, spec: { role: 'admin', project: 'blog' } };
  assert.equal(await statusOf('POST', SHOP_TOKENS, shopAdmin, elsewhere), 400);
});

test('the same name may be taken in another project and on the server, and says nothing of the others', async () => {
  const body = { name: 'ci', spec: { role: 'viewer' } };
  assert.equal(await statusOf('POST', SHOP_TOKENS, shopAdmin, body), 201);
  assert.equal(await statusOf('POST', '/v1/projects/blog/tokens', blogAdmin, body), 201);
  assert.equal(await statusOf('POST', TOKENS, server.adminToken, body), 201);
  assert.equal(await statusOf('POST', SHOP_TOKENS, shopAdmin, body), 409);
});

test('a preview makes no token and tells no secret', async () => {
  const body = { name: 'maybe', spec: { role: 'viewer' } };
  const answer = await rest<object>('POST', `${TOKENS}?validateOnly=true`, { body });
  assert.equal(answer.status, 200);
  assert.equal(JSON.stringify(answer.body).includes('lvsd_'), false);
  assert.equal((await rest('GET', `${TOKENS}/maybe`)).status, 404);
});

test('gRPC makes, lists and revokes tokens as REST does', async () => {
  const call = (method: string, request: object) => session.call(`TokenService/${method}`, request as never);
  const made = (await call('CreateProjectToken', {
    ...{ project: 'blog', name: 'grpc', reason: 'a test' },
    spec: { role: 'ROLE_OPERATOR', expireTime: '2099-01-01T00:00:00Z' },
  })) as unknown as { token: { secret: string; project: string; spec: object } };
  assert.match(made.token.secret, /^lvsd_/);
  assert.deepEqual(made.token.spec, { role: 'ROLE_OPERATOR', expireTime: '2099-01-01T00:00:00Z' });
  assert.equal(await statusOf('GET', '/v1/projects/blog/clusters', made.token.secret), 200);
  const got = (await call('GetProjectToken', { project: 'blog', name: 'grpc' })) as typeof made;
  assert.deepEqual([got.token.project, got.token.secret], ['blog', undefined]);
  await call('DeleteProjectToken', { project: 'blog', name: 'grpc' });
  assert.equal(await statusOf('GET', '/v1/projects/blog/clusters', made.token.secret), 401);

  await call('CreateToken', { name: 'grpc', spec: { role: 'ROLE_VIEWER' } });
  const { items } = (await call('ListTokens', { pageSize: 1000 })) as unknown as {
    items: { name: string }[];
  };
  assert.ok(items.some(({ name }) => name === 'grpc'));
  await call('DeleteToken', { name: 'grpc' });
  const refusal = await session.refused(call('GetToken', { name: 'grpc' }));
  assert.deepEqual([refusal.code, refusal.reason], ['NOT_FOUND', 'TOKEN_NOT_FOUND']);
});

test('a project takes its tokens along, and its name gives nothing to them when it is taken again', async () => {
  const body = { name: 'fleeting', spec: {} };
  assert.equal(await statusOf('POST', '/v1/projects', server.adminToken, body), 201);
  const token = await server.createToken('editor', 'fleeting');
  assert.equal(await statusOf('GET', '/v1/projects/fleeting/clusters', token), 200);
  assert.equal(await statusOf('DELETE', '/v1/projects/fleeting', server.adminToken), 409);
  assert.equal(await statusOf('DELETE', '/v1/projects/fleeting?cascade=true', server.adminToken), 204);
  assert.equal(await statusOf('GET', '/v1/projects/fleeting/clusters', token), 401);
  assert.equal(await statusOf('POST', '/v1/projects', server.adminToken, body), 201);
  assert.equal(await statusOf('GET', '/v1/projects/fleeting/clusters', token), 401);
});
