import assert from 'node:assert/strict';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { after, test } from 'node:test';
import { startTestServer } from '../support/server.js';

const PORTAL = 'https://portal.example';
const CLUSTERS = '/v1/projects/default/clusters';

const server = await startTestServer({ corsOrigins: [PORTAL], allowedHosts: ['lvs.example'] });
const closed = await startTestServer();
after(() => Promise.all([server.stop(), closed.stop()]));

interface Asked {
  readonly method?: string;
  readonly path?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly url?: string;
}

/** As a browser asks: with headers that fetch does not let anybody set. */
function ask({ method = 'GET', path = CLUSTERS, headers, url = server.url }: Asked) {
  return new Promise<{ status: number | undefined; headers: IncomingHttpHeaders }>((resolve, reject) => {
    httpRequest(`${url}${path}`, { method, headers }, (response) => {
      response.resume();
      response.once('end', () => resolve({ status: response.statusCode, headers: response.headers }));
    })
      .once('error', reject)
      .end();
  });
}

const preflight = {
  origin: PORTAL,
  'access-control-request-method': 'PUT',
  'access-control-request-headers': 'authorization,content-type,if-match',
};

test('a preflight of an allowed origin is answered without a token, for paths that are there or not', async () => {
  for (const path of [CLUSTERS, `${CLUSTERS}/shop`, '/v1/nothing']) {
    const { status, headers } = await ask({ method: 'OPTIONS', path, headers: preflight });
    assert.equal(status, 204, path);
    assert.equal(headers['access-control-allow-origin'], PORTAL);
    assert.match(headers['access-control-allow-methods'] ?? '', /\bPUT\b.*\bPATCH\b.*\bDELETE\b/);
    const allowed = (headers['access-control-allow-headers'] ?? '').toLowerCase().split(', ');
    for (const name of ['authorization', 'content-type', 'if-match', 'idempotency-key', 'x-audit-reason']) {
      assert.ok(allowed.includes(name), name);
    }
    assert.equal(headers['access-control-allow-credentials'], undefined, 'there are no cookies');
    assert.match(headers.vary ?? '', /origin/i);
  }
});

test('pages of an allowed origin read answers and refusals, with their headers', async () => {
  const authorization = `Bearer ${server.adminToken}`;
  for (const [path, sent, expected] of [
    [CLUSTERS, { authorization }, 200],
    [CLUSTERS, {}, 401],
    ['/v1/nothing', { authorization }, 404],
    [CLUSTERS, { authorization, host: 'lvs.example' }, 200],
    [CLUSTERS, { authorization, host: 'evil.example' }, 403],
  ] as const) {
    const { status, headers } = await ask({ path, headers: { origin: PORTAL, ...sent } });
    assert.equal(status, expected, path);
    assert.equal(headers['access-control-allow-origin'], PORTAL);
    const exposed = (headers['access-control-expose-headers'] ?? '').split(', ');
    for (const name of ['ETag', 'Location', 'X-Request-Id', 'Retry-After', 'RateLimit']) {
      assert.ok(exposed.includes(name), name);
    }
  }
});

test('other origins are refused, and nothing tells them otherwise', async () => {
  for (const origin of [
    'https://portal.example:8443',
    'http://portal.example',
    'https://evil.example',
    'null',
  ]) {
    const asked = await ask({ headers: { origin, authorization: `Bearer ${server.adminToken}` } });
    assert.equal(asked.status, 403, origin);
    assert.equal(asked.headers['access-control-allow-origin'], undefined);
    const asking = await ask({ method: 'OPTIONS', headers: { ...preflight, origin } });
    assert.equal(asking.status, 403, origin);
    assert.equal(asking.headers['access-control-allow-origin'], undefined);
  }
});

test('OPTIONS that is no preflight still tells the methods of a path', async () => {
  const { status, headers } = await ask({ method: 'OPTIONS', headers: {} });
  assert.deepEqual([status, headers.allow], [204, 'GET, HEAD, OPTIONS, POST']);
  assert.equal((await ask({ method: 'OPTIONS', path: '/v1/nothing', headers: {} })).status, 404);
});

test('without origins in the configuration no page of another site may call', async () => {
  for (const headers of [preflight, { origin: PORTAL }]) {
    for (const method of ['OPTIONS', 'GET']) {
      const asked = await ask({ method, headers, url: closed.url });
      assert.equal(asked.status, 403);
      assert.equal(asked.headers['access-control-allow-origin'], undefined);
    }
  }
});
