import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import type { Problem } from '../../src/api-rest/problem.js';
import { createRestClient, type RestRequest } from '../support/rest-client.js';
import { startTestServer } from '../support/server.js';
import { CLUSTERS, HTTP, putShop, SERVICES, SHOP } from '../support/shop.js';

const server = await startTestServer({ allowedHosts: ['lvs.example'] });
const rest = createRestClient(server);
before(() => putShop(rest));
after(() => server.stop());

interface Case {
  readonly what: string;
  readonly call: readonly [method: string, path: string, request?: RestRequest];
  readonly status: number;
  readonly reason: string;
  /** Of the first error. */
  readonly pointer?: string;
  /** Part of the detail that tells the caller what to do. */
  readonly detail?: RegExp;
}

const json = { 'content-type': 'application/json' };
const cases: readonly Case[] = [
  {
    what: 'a path that does not exist',
    call: ['GET', '/v1/nothing'],
    status: 404,
    reason: 'ROUTE_NOT_FOUND',
    detail: /\/docs/,
  },
  {
    what: 'a trailing slash',
    call: ['GET', `${CLUSTERS}/`],
    status: 400,
    reason: 'FIELD_INVALID',
    pointer: '/path/cluster',
  },
  {
    what: 'a method that the path does not have',
    call: ['DELETE', CLUSTERS],
    status: 405,
    reason: 'METHOD_NOT_ALLOWED',
    detail: /GET, HEAD, OPTIONS, POST/,
  },
  {
    what: 'a method that no path has',
    call: ['PROPFIND', CLUSTERS],
    status: 405,
    reason: 'METHOD_NOT_ALLOWED',
  },
  {
    what: 'a body on a path that does not exist, whatever its type',
    call: ['POST', '/v1/nothing', { body: 'x', headers: { 'content-type': 'text/plain' } }],
    status: 404,
    reason: 'ROUTE_NOT_FOUND',
  },
  {
    what: 'a body that is no JSON',
    call: ['POST', CLUSTERS, { body: '{"name":', headers: json }],
    status: 400,
    reason: 'MALFORMED_BODY',
    detail: /JSON/,
  },
  {
    what: 'an empty body',
    call: ['POST', CLUSTERS, { body: '', headers: json }],
    status: 400,
    reason: 'FIELD_INVALID',
    pointer: '',
  },
  {
    what: 'a body that is a JSON array',
    call: ['PUT', SHOP, { body: '[]' }],
    status: 400,
    reason: 'FIELD_INVALID',
    pointer: '',
  },
  {
    what: 'a prototype in the body',
    call: ['POST', CLUSTERS, { body: '{"name":"x","__proto__":{"a":1}}' }],
    status: 400,
    reason: 'FIELD_UNKNOWN',
    pointer: '/__proto__',
  },
  {
    what: 'a form',
    call: [
      'POST',
      CLUSTERS,
      { body: 'name=x', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
    ],
    status: 415,
    reason: 'UNSUPPORTED_MEDIA_TYPE',
    detail: /application\/json/,
  },
  {
    what: 'plain text that looks like JSON',
    call: ['POST', CLUSTERS, { body: '{"name":"x"}', headers: { 'content-type': 'text/plain' } }],
    status: 415,
    reason: 'UNSUPPORTED_MEDIA_TYPE',
  },
  {
    what: 'a merge patch sent with PUT',
    call: ['PUT', SHOP, { body: '{}', headers: { 'content-type': 'application/merge-patch+json' } }],
    status: 415,
    reason: 'UNSUPPORTED_MEDIA_TYPE',
  },
  {
    what: 'a body of more than 16 MiB',
    call: ['POST', CLUSTERS, { body: `{"name":"${'x'.repeat(16 * 1024 * 1024)}"}` }],
    status: 413,
    reason: 'BODY_TOO_LARGE',
    detail: /16 MiB/,
  },
  {
    what: 'an unknown field',
    call: ['POST', CLUSTERS, { body: { name: 'x', spec: { descripton: '' } } }],
    status: 400,
    reason: 'FIELD_UNKNOWN',
    pointer: '/spec/descripton',
    detail: /description, forwarding, vip/,
  },
  {
    what: 'a field of the wrong type',
    call: ['PATCH', HTTP, { body: { spec: { port: '80' } } }],
    status: 400,
    reason: 'FIELD_INVALID',
    pointer: '/spec/port',
  },
  {
    what: 'a field out of range',
    call: ['PATCH', HTTP, { body: { spec: { port: 65536 } } }],
    status: 400,
    reason: 'FIELD_INVALID',
    pointer: '/spec/port',
  },
  {
    what: 'an unknown query parameter',
    call: ['GET', `${CLUSTERS}?pagesize=3`],
    status: 400,
    reason: 'FIELD_UNKNOWN',
    pointer: '/query/pagesize',
    detail: /pageSize, pageToken, filter/,
  },
  {
    what: 'a query parameter where there is none',
    call: ['GET', `${SHOP}?x=1`],
    status: 400,
    reason: 'FIELD_UNKNOWN',
    pointer: '/query/x',
    detail: /takes none/,
  },
  {
    what: 'a query parameter of the wrong type',
    call: ['GET', `${CLUSTERS}?pageSize=many`],
    status: 400,
    reason: 'FIELD_INVALID',
    pointer: '/query/pageSize',
  },
  {
    what: 'a page size below 1',
    call: ['GET', `${CLUSTERS}?pageSize=0`],
    status: 400,
    reason: 'FIELD_INVALID',
    pointer: '/query/pageSize',
  },
  {
    what: 'a query parameter given twice',
    call: ['DELETE', `${SHOP}?cascade=true&cascade=false`],
    status: 400,
    reason: 'FIELD_INVALID',
    pointer: '/query/cascade',
  },
  {
    what: 'a page token that nobody gave out',
    call: ['GET', `${CLUSTERS}?pageToken=abc`],
    status: 400,
    reason: 'PAGE_TOKEN_INVALID',
  },
  {
    what: 'a name in the path that is no name',
    call: ['GET', `${CLUSTERS}/Shop_1`],
    status: 400,
    reason: 'FIELD_INVALID',
    pointer: '/path/cluster',
  },
  {
    what: 'a name in the path that is far too long',
    call: ['GET', `${CLUSTERS}/${'x'.repeat(1000)}`],
    status: 400,
    reason: 'FIELD_INVALID',
    pointer: '/path/cluster',
  },
  {
    what: 'a name in the path that is longer than the router takes',
    call: ['GET', `${CLUSTERS}/${'x'.repeat(1025)}`],
    status: 400,
    reason: 'MALFORMED_REQUEST',
    detail: /1024 characters/,
  },
  {
    what: 'a path that is not percent-encoded',
    call: ['GET', '/v1/%zz'],
    status: 400,
    reason: 'MALFORMED_REQUEST',
    detail: /percent/,
  },
  {
    what: 'If-None-Match with an entity tag on PUT',
    call: ['PUT', SHOP, { body: {}, headers: { 'if-none-match': '"3"' } }],
    status: 400,
    reason: 'FIELD_INVALID',
    pointer: '/headers/if-none-match',
  },
  {
    what: 'an X-Audit-Reason that is too long',
    call: ['PUT', SHOP, { body: {}, headers: { 'x-audit-reason': 'x'.repeat(1025) } }],
    status: 400,
    reason: 'FIELD_INVALID',
    pointer: '/headers/x-audit-reason',
  },
  {
    what: 'an X-Request-Id that is too long',
    call: ['GET', SHOP, { headers: { 'x-request-id': 'x'.repeat(129) } }],
    status: 400,
    reason: 'FIELD_INVALID',
    pointer: '/headers/x-request-id',
  },
  {
    what: 'no token',
    call: ['GET', SHOP, { token: null }],
    status: 401,
    reason: 'UNAUTHENTICATED',
    detail: /admin-token/,
  },
  {
    what: 'a wrong token',
    call: ['GET', SHOP, { token: 'lvsd_wrong' }],
    status: 401,
    reason: 'UNAUTHENTICATED',
  },
  {
    what: 'another way to authenticate',
    call: ['GET', SHOP, { token: null, headers: { authorization: 'Basic YWRtaW46YWRtaW4=' } }],
    status: 401,
    reason: 'UNAUTHENTICATED',
  },
  {
    what: 'a page of another origin',
    call: ['GET', SHOP, { headers: { origin: 'http://evil.example' } }],
    status: 403,
    reason: 'HOST_REFUSED',
  },
  {
    what: 'a page of another port of this host',
    call: ['GET', SHOP, { headers: { origin: 'http://127.0.0.1:3000' } }],
    status: 403,
    reason: 'HOST_REFUSED',
  },
  {
    what: 'a sandboxed page',
    call: ['GET', SHOP, { headers: { origin: 'null' } }],
    status: 403,
    reason: 'HOST_REFUSED',
  },
  {
    what: 'an unknown problem',
    call: ['GET', '/problems/nonsense'],
    status: 404,
    reason: 'ROUTE_NOT_FOUND',
  },
];

for (const { what, call, status, reason, pointer, detail } of cases) {
  test(`${what} is answered ${status} ${reason}`, async () => {
    const answer = await rest(...call);
    const problem = answer.body;
    assert.deepEqual([answer.status, problem.status, problem.reason], [status, status, reason]);
    assert.equal(answer.headers.get('content-type'), 'application/problem+json; charset=utf-8');
    assert.equal(problem.instance, call[1].split('?', 1)[0]);
    assert.equal(answer.headers.get('x-request-id'), problem.requestId);
    if (pointer !== undefined) assert.equal(problem.errors?.[0]?.pointer, pointer);
    if (detail) assert.match(problem.detail, detail);
    const page = await rest<string>('GET', problem.type);
    assert.equal(page.status, 200);
    assert.ok(page.body.startsWith(`${reason}: ${problem.title}.`), page.body);
  });
}

test('all violations of a body are named at once', async () => {
  const body = { name: 'A', extra: 1, spec: { protocol: 'icmp', address: '10.0.0.1', port: -1 } };
  const { body: problem } = await rest('POST', SERVICES, { body });
  assert.equal(problem.reason, 'VALIDATION_FAILED');
  assert.deepEqual(problem.errors?.map((error) => error.pointer).sort(), [
    '/extra',
    '/name',
    '/spec/port',
    '/spec/protocol',
  ]);
});

test('a missing token is answered with a challenge', async () => {
  const { headers } = await rest('GET', SHOP, { token: null });
  assert.equal(headers.get('www-authenticate'), 'Bearer realm="lvsd"');
});

test('a method that is not allowed is answered with those that are, and OPTIONS tells them', async () => {
  const refused = await rest('POST', SHOP, { body: {} });
  assert.equal(refused.headers.get('allow'), 'DELETE, GET, HEAD, OPTIONS, PATCH, PUT');
  const options = await rest('OPTIONS', SHOP, { token: null });
  assert.deepEqual([options.status, options.headers.get('allow')], [204, refused.headers.get('allow')]);
  assert.equal((await rest('OPTIONS', '/v1/nothing')).status, 404);
});

test('a token without the role is refused', async () => {
  const token = await server.createToken('viewer');
  assert.equal((await rest('GET', SHOP, { token })).status, 200);
  const { status, body } = await rest('PUT', SHOP, { token, body: {} });
  assert.deepEqual([status, body.reason], [403, 'PERMISSION_DENIED']);
});

test('a request id of the caller comes back, another one is made', async () => {
  const mine = await rest('GET', SHOP, { headers: { 'x-request-id': 'ci/job#4711~!' } });
  assert.equal(mine.headers.get('x-request-id'), 'ci/job#4711~!');
  const [one, two] = [await rest('GET', SHOP), await rest('GET', SHOP)];
  assert.match(one.headers.get('x-request-id') ?? '', /^[0-9a-f-]{36}$/);
  assert.notEqual(one.headers.get('x-request-id'), two.headers.get('x-request-id'));
});

/** fetch sets Host and Origin itself. */
async function statusWith(headers: Record<string, string>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(`${server.url}/healthz`, { headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    request.on('error', reject).end();
  });
}

test('only names of this server are answered', async () => {
  const port = new URL(server.url).port;
  for (const host of ['localhost', `localhost:${port}`, '127.0.0.1', '127.8.8.8:1', '[::1]', 'lvs.example']) {
    assert.equal(await statusWith({ host }), 200, host);
  }
  for (const host of [
    'evil.example',
    'localhost.evil.example',
    '192.168.1.1',
    '127.0.0.1.nip.example',
    ' ',
  ]) {
    assert.equal(await statusWith({ host }), 403, host);
  }
  const origin = `https://LVS.example`;
  assert.equal(await statusWith({ host: 'lvs.example:443', origin }), 200);
  assert.equal(await statusWith({ host: 'localhost', origin }), 403);
});

test('every answer tells browsers not to guess, frame, cache or leak it', async () => {
  for (const path of ['/healthz', SHOP, '/v1/nothing', '/docs/', '/openapi.json']) {
    const { headers } = await fetch(`${server.url}${path}`);
    assert.equal(headers.get('x-content-type-options'), 'nosniff', path);
    assert.equal(headers.get('x-frame-options'), 'DENY', path);
    assert.match(headers.get('content-security-policy') ?? '', /default-src 'none'/, path);
    assert.match(headers.get('content-security-policy') ?? '', /frame-ancestors 'none'/, path);
    assert.equal(headers.get('referrer-policy'), 'no-referrer', path);
  }
});

/** Sends bytes as they are and reads until the server ends the connection. */
async function exchange(bytes: string | Buffer): Promise<{ status: number; problem: Problem }> {
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
  socket.write(bytes);
  const answer = await text(socket);
  const [head = '', body = ''] = answer.split('\r\n\r\n');
  return { status: Number(head.split(' ')[1]), problem: JSON.parse(body) as Problem };
}

test('bytes that are no HTTP get a problem and the end of the connection', async () => {
  const { status, problem } = await exchange('NONSENSE / HTTP/1.1\r\n\r\n');
  assert.deepEqual([status, problem.status, problem.reason], [400, 400, 'MALFORMED_REQUEST']);
});

test('a request without Host gets a problem, an unknown expectation is ignored', async () => {
  const close = 'connection: close\r\n\r\n';
  const hostless = await exchange(`GET /healthz HTTP/1.1\r\n${close}`);
  assert.deepEqual([hostless.status, hostless.problem.reason], [400, 'MALFORMED_REQUEST']);
  const expecting = await exchange(`GET /healthz HTTP/1.1\r\nhost: localhost\r\nexpect: magic\r\n${close}`);
  assert.equal(expecting.status, 200);
});

test('header fields that are too large get a problem', async () => {
  const { status, problem } = await exchange(
    `GET / HTTP/1.1\r\nhost: localhost\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`,
  );
  assert.deepEqual([status, problem.status, problem.reason], [431, 431, 'HEADERS_TOO_LARGE']);
});

test('a body that is not UTF-8 is refused, not repaired', async () => {
  const body = Buffer.concat([Buffer.from('{"name":"'), Buffer.from([0xff]), Buffer.from('"}')]);
  const response = await fetch(`${server.url}${CLUSTERS}`, {
    method: 'POST',
    headers: { ...json, authorization: `Bearer ${server.adminToken}` },
    body,
  });
  assert.deepEqual([response.status, ((await response.json()) as Problem).reason], [400, 'MALFORMED_BODY']);
});

test('a body nested without end is refused, with POST, PUT and PATCH', async () => {
  const depth = 200_000;
  const body = `{"spec":${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}}`;
  for (const [method, path] of [
    ['POST', CLUSTERS],
    ['PUT', SHOP],
    ['PATCH', SHOP],
    ['PUT', `${SHOP}/definition`],
  ] as const) {
    const answer = await rest(method, path, { body });
    assert.equal(answer.status, 400, `${method} ${answer.body.detail}`);
  }
});
