/** Connections through both doors of one server, on a kernel that has those it is told. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { after, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JsonObject } from '@bufbuild/protobuf';
import type { ServiceError } from '@grpc/grpc-js';
import type { Connection as KernelConnection } from '../../src/domain/director-operation.js';
import type { Connection } from '../../src/domain/schema/connection.js';
import { refusalOf, startGrpcSession } from '../support/grpc-session.js';
import { createRestClient } from '../support/rest-client.js';
import { startTestServer, type TestServer } from '../support/server.js';
import { putShop } from '../support/shop.js';

const CONNECTIONS = '/v1/directors/local/connections';
const LIST = 'DirectorService/ListConnections';
const STREAM = 'lvsd.v1.DirectorService/StreamConnections';
const SERVICE = 'projects/default/clusters/shop/virtual-services/http';

const session = await startGrpcSession();
const { server, call } = session;
const { kernel } = server;
const rest = createRestClient(server);
after(() => session.stop());
beforeEach(() => kernel.setAvailable(true));

interface Page {
  readonly items: Connection[];
  readonly nextPageToken: string;
}

const web: KernelConnection = {
  protocol: 'tcp',
  client: { address: '203.0.113.7', port: 51234 },
  virtual: { address: '192.168.10.88', port: 80 },
  real: { address: '192.168.10.11', port: 8080 },
  state: 'ESTABLISHED',
  expiresSeconds: 892,
  persistence: null,
};
const call7: KernelConnection = {
  protocol: 'udp',
  client: { address: '2001:db8::1', port: 0 },
  virtual: { address: '2001:db8::88', port: 5060 },
  real: { address: '2001:db8::11', port: 5060 },
  state: 'NONE',
  expiresSeconds: 59,
  persistence: { engine: 'sip', data: 'call-7@example' },
};

function clients(count: number): KernelConnection[] {
  return Array.from({ length: count }, (_, port) => ({ ...web, client: { ...web.client, port: port + 1 } }));
}

/** All pages; the number of items on each. */
async function byPage(
  query: Readonly<Record<string, string>>,
): Promise<{ ports: number[]; sizes: number[] }> {
  const [ports, sizes]: [number[], number[]] = [[], []];
  let pageToken = '';
  do {
    const { status, body } = await rest<Page>(
      'GET',
      `${CONNECTIONS}?${new URLSearchParams({ ...query, pageToken })}`,
    );
    assert.equal(status, 200, JSON.stringify(body));
    ports.push(...body.items.map(({ client }) => client.port));
    sizes.push(body.items.length);
    pageToken = body.nextPageToken;
  } while (pageToken !== '');
  return { ports, sizes };
}

async function streamed(request: JsonObject): Promise<JsonObject[]> {
  const found: JsonObject[] = [];
  for await (const answer of session.client.stream(STREAM, { director: 'local', ...request })) {
    found.push(...(session.client.decode(STREAM, answer) as { items: JsonObject[] }).items);
  }
  return found;
}

test('both doors show a connection with the resources that it belongs to', async () => {
  await putShop(rest);
  kernel.setConnections([web, call7]);
  const { body } = await rest<Page>('GET', CONNECTIONS);
  assert.deepEqual(body, {
    items: [
      { ...web, template: false, virtualService: SERVICE, realServer: `${SERVICE}/real-servers/web-1` },
      { ...call7, template: true, virtualService: null, realServer: null },
    ],
    nextPageToken: '',
  });
  const page = await call(LIST, { director: 'local' });
  assert.deepEqual(page, {
    items: body.items.map((one) => withoutNull({ ...one })),
    nextPageToken: '',
  });
  assert.deepEqual(await streamed({}), page.items);
});

test('pages have every connection once, and the last of them says that it is', async () => {
  kernel.setConnections(clients(1050));
  const all = Array.from({ length: 1050 }, (_, index) => index + 1);
  for (const [pageSize, pages] of [
    ['1000', 2],
    ['350', 3],
    ['100', 11],
    ['5000', 2],
  ] as const) {
    const { ports, sizes } = await byPage({ pageSize });
    assert.deepEqual([ports, sizes.length], [all, pages], pageSize);
  }
  assert.deepEqual((await byPage({ state: 'FIN_WAIT' })).sizes, [0]);
  const page = await call(LIST, { director: 'local', pageSize: 1000 });
  const last = await call(LIST, { director: 'local', pageToken: page.nextPageToken as string });
  assert.deepEqual([(last.items as object[]).length, last.nextPageToken], [50, '']);
  assert.equal((await streamed({})).length, 1050);
});

test('a page looks at a bounded number of connections, however few of them are wanted', async () => {
  kernel.setConnections([...clients(25_000), call7]);
  const { ports, sizes } = await byPage({ protocol: 'udp' });
  assert.deepEqual([ports, sizes], [[0], [0, 0, 1]]);
  assert.deepEqual((await streamed({ protocol: 'udp' })).length, 1);
});

test('filters mean the same through both doors', async () => {
  await putShop(rest);
  const foreign = { ...web, virtual: { address: '192.168.10.99', port: 443 }, state: 'FIN_WAIT' };
  kernel.setConnections([web, foreign, call7]);
  const cases: readonly (readonly [JsonObject, number])[] = [
    [{ virtualService: 'tcp/192.168.10.88:80' }, 1],
    [{ virtualService: SERVICE }, 1],
    [{ virtualService: 'tcp/192.168.10.1:80' }, 0],
    [{ protocol: 'tcp' }, 2],
    [{ virtualAddress: '192.168.10.99' }, 1],
    [{ virtualPort: 443 }, 1],
    [{ virtualPort: 0 }, 0],
    [{ realAddress: '192.168.10.11', realPort: 8080 }, 2],
    [{ client: '203.0.113.0/24' }, 2],
    [{ client: '2001:db8::/32' }, 1],
    [{ state: 'fin_wait' }, 1],
    [{ template: true }, 1],
    [{ template: false, protocol: 'tcp', state: 'ESTABLISHED' }, 1],
  ];
  for (const [filter, count] of cases) {
    const query = new URLSearchParams(
      Object.entries(filter).map(([name, value]): [string, string] => [name, String(value)]),
    );
    const { body } = await rest<Page>('GET', `${CONNECTIONS}?${query}`);
    assert.equal(body.items.length, count, String(query));
    const page = await call(LIST, { director: 'local', ...filter });
    assert.equal((page.items as object[]).length, count, `gRPC ${query}`);
    assert.equal((await streamed(filter)).length, count, `stream ${query}`);
    const { body: list } = await rest<string>('GET', `${CONNECTIONS}?${query}`, TEXT);
    assert.equal(list.split('\n').length, 3 + count, `text ${query}`);
  }
});

const TEXT = { headers: { accept: 'text/plain' } };

test('as text, all connections are as ipvsadm prints them', async () => {
  kernel.setConnections([web, call7]);
  const list = await rest<string>('GET', CONNECTIONS, TEXT);
  assert.equal(list.headers.get('content-type'), 'text/plain; charset=utf-8');
  assert.equal(list.headers.get('vary'), 'accept');
  assert.equal(
    list.body,
    `IPVS connection entries
pro expire state       source             virtual            destination
TCP 14:52  ESTABLISHED 203.0.113.7:51234  192.168.10.88:80   192.168.10.11:8080
UDP 00:59  NONE        [2001:db8::1]:0    [2001:db8::88]:5060 [2001:db8::11]:5060
`,
  );
  const more = await rest<string>('GET', `${CONNECTIONS}?view=persistent-conn&protocol=udp`, TEXT);
  assert.match(more.body, /\[2001:db8::11\]:5060 sip {16}call-7@example\n$/);
  kernel.setConnections([]);
  assert.equal((await rest<string>('GET', CONNECTIONS, TEXT)).body.split('\n').length, 3);
});

test('what cannot be answered is refused alike, before anything is sent', async () => {
  kernel.setConnections(clients(100));
  const wrong = await rest('GET', `${CONNECTIONS}?client=www&realAddress=10.1&virtualService=nothing`);
  assert.deepEqual([wrong.status, wrong.body.reason], [400, 'FIELD_INVALID']);
  const addresses = await rest('GET', `${CONNECTIONS}?client=www&realAddress=10.1`);
  assert.deepEqual(
    addresses.body.errors?.map(({ reason, pointer }) => [reason, pointer]),
    [
      ['ADDRESS_INVALID', '/query/realAddress'],
      ['ADDRESS_INVALID', '/query/client'],
    ],
  );
  const refusal = await session.refused(
    call(LIST, { director: 'local', client: 'www', realAddress: '10.1' }),
  );
  assert.deepEqual(refusal.violations, [
    ['real_address', 'ADDRESS_INVALID'],
    ['client', 'ADDRESS_INVALID'],
  ]);
  const protocol = await session.refused(
    call(LIST, { director: 'local', protocol: 'icmp', virtualPort: 70_000 }),
  );
  assert.deepEqual(protocol.violations, [
    ['protocol', 'FIELD_INVALID'],
    ['virtual_port', 'FIELD_INVALID'],
  ]);
  for (const [query, status, reason] of [
    ['?protocol=icmp', 400, 'FIELD_INVALID'],
    ['?proto=tcp', 400, 'FIELD_UNKNOWN'],
    [
      '?virtualService=projects/default/clusters/shop/virtual-services/none',
      404,
      'VIRTUAL_SERVICE_NOT_FOUND',
    ],
  ] as const) {
    const { status: answered, body } = await rest('GET', `${CONNECTIONS}${query}`);
    assert.deepEqual([answered, body.reason], [status, reason], query);
    const asText = await rest('GET', `${CONNECTIONS}${query}`, TEXT);
    assert.deepEqual([asText.status, asText.body.reason], [status, reason], query);
  }
  const paged = await rest('GET', `${CONNECTIONS}?pageSize=10`, TEXT);
  assert.deepEqual([paged.status, paged.body.errors?.[0]?.pointer], [400, '/query/pageSize']);
  assert.equal((await rest('GET', CONNECTIONS, { headers: { accept: 'image/png' } })).status, 406);
  const elsewhere = await rest('GET', '/v1/directors/remote/connections', TEXT);
  assert.deepEqual([elsewhere.status, elsewhere.body.reason], [404, 'DIRECTOR_NOT_FOUND']);
});

test('a page token belongs to its query and holds nothing that could hurt', async () => {
  kernel.setConnections(clients(100));
  const { body } = await rest<Page>('GET', `${CONNECTIONS}?pageSize=10&state=ESTABLISHED&protocol=tcp`);
  const token = body.nextPageToken;
  const reordered = await rest<Page>(
    'GET',
    `${CONNECTIONS}?protocol=tcp&state=ESTABLISHED&pageToken=${token}`,
  );
  assert.equal(reordered.body.items[0]?.client.port, 11);
  const other = await rest('GET', `${CONNECTIONS}?state=ESTABLISHED&pageToken=${token}`);
  assert.deepEqual([other.status, other.body.reason], [400, 'PAGE_TOKEN_INVALID']);
  const [print] = JSON.parse(Buffer.from(token, 'base64url').toString()) as [string, string];
  const query = `${CONNECTIONS}?protocol=tcp&state=ESTABLISHED`;
  for (const [position, expected] of [
    ['-1', 400],
    ['1e3', 400],
    ['1234567890123456', 400],
    ['999999999999999', 200],
  ] as const) {
    const forged = Buffer.from(JSON.stringify([print, position])).toString('base64url');
    assert.equal((await rest('GET', `${query}&pageToken=${forged}`)).status, expected, position);
  }
});

test('a kernel that cannot be reached is a problem, never an empty list', async () => {
  kernel.setAvailable(false);
  for (const headers of [{}, TEXT.headers]) {
    const { status, body } = await rest('GET', CONNECTIONS, { headers });
    assert.deepEqual([status, body.reason], [503, 'KERNEL_UNAVAILABLE']);
  }
  const refusal = await session.refused(call(LIST, { director: 'local' }));
  assert.equal(refusal.reason, 'KERNEL_UNAVAILABLE');
  const [error] = (await once(session.client.stream(STREAM, { director: 'local' }).resume(), 'error')) as [
    ServiceError,
  ];
  assert.equal(refusalOf(session.client, error).reason, 'KERNEL_UNAVAILABLE');
});

/** A listing as text whose reader has paused after the first bytes. */
async function openText({ url, adminToken }: TestServer): Promise<IncomingMessage> {
  const headers = { ...TEXT.headers, authorization: `Bearer ${adminToken}` };
  const request = get(`${url}${CONNECTIONS}`, { headers, agent: false });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  await once(response, 'readable');
  response.read();
  return response;
}

test('a million connections are listed as text to a reader that pauses, while others are served', async () => {
  kernel.setConnections(new Array<KernelConnection>(1_000_000).fill(web));
  const before = process.memoryUsage.rss();
  const response = await openText(server);
  for (let asked = 0; asked < 20; asked++) {
    assert.equal((await rest('GET', '/healthz', { token: null })).status, 200);
    await sleep(50);
  }
  // All of it would be 80 MB.
  const grown = (process.memoryUsage.rss() - before) / 2 ** 20;
  assert.ok(grown < 60, `${grown.toFixed()} MiB more`);
  response.destroy();
});

test('a listing that is under way does not keep the server from stopping', async () => {
  const other = await startTestServer();
  other.kernel.setConnections(new Array<KernelConnection>(1_000_000).fill(web));
  const response = await openText(other);
  let failure: Error | undefined;
  response.on('error', (error) => {
    failure = error;
  });
  const ended = new Promise((resolve) => response.once('close', resolve));
  const started = performance.now();
  await other.stop();
  assert.ok(performance.now() - started < 2500);
  response.resume();
  await ended;
  assert.ok(failure && !response.complete, 'a list that is not whole must not look so');
});

test('a stream ends when its caller cancels', async () => {
  kernel.setConnections(new Array<KernelConnection>(1_000_000).fill(web));
  const stream = session.client.stream(STREAM, { director: 'local' });
  stream.once('data', () => stream.cancel());
  const [error] = (await once(stream, 'error')) as [ServiceError];
  assert.match(error.message, /CANCELLED/);
});

/** As a message has it: absent fields instead of null. */
function withoutNull(one: object): object {
  return Object.fromEntries(Object.entries(one).filter(([, value]) => value !== null));
}
