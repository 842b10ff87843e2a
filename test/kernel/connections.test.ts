/** Connections of a real kernel through both doors of the production command, with ipvsadm as witness. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { before, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fromBinary } from '@bufbuild/protobuf';
import type { ClientReadableStream } from '@grpc/grpc-js';
import { StreamConnectionsResponseSchema } from '../../src/api-grpc/gen/lvsd/v1/director_service_pb.js';
import type { Connection } from '../../src/domain/schema/connection.js';
import { connectByReflection, type ReflectionClient } from '../support/grpc-reflection-client.js';
import { ipvsadm } from '../support/ipvsadm.js';
import {
  eventually,
  explained,
  type KernelServer,
  NO_INTERVAL,
  startKernelServer,
  whenFileEnds,
} from '../support/kernel-server.js';
import { type SyncedConnection, sendConnections } from '../support/sync-messages.js';

const ADDRESS = '10.88.0.1';
for (const command of [
  ['link', 'add', 'sync0', 'type', 'dummy'],
  ['address', 'add', `${ADDRESS}/24`, 'dev', 'sync0'],
  ['link', 'set', 'sync0', 'up'],
]) {
  execFileSync('ip', command);
}

const CONNECTIONS = '/v1/directors/local/connections';
const STREAM = 'lvsd.v1.DirectorService/StreamConnections';
const SERVICE = 'projects/default/clusters/shop/virtual-services/http';
const TEXT = { headers: { accept: 'text/plain' } };

const COUNT = 100_000;
/** One in so many reaches another virtual service, which nobody manages. */
const FOREIGN_SHARE = 500;
const http = { address: '10.88.0.100', port: 80 };
const web1 = { address: '10.88.0.101', port: 80 };
const other = { address: '10.88.0.200', port: 443 };

let server: KernelServer;
let client: ReflectionClient;

before(async () => {
  server = await startKernelServer({ intervalSeconds: NO_INTERVAL });
  client = await connectByReflection(server.grpcAddress, { token: await server.token() });
  whenFileEnds(() => client.close());
  const spec = { protocol: 'tcp', ...http };
  const definition = { virtualServices: { http: { spec, realServers: { 'web-1': { spec: web1 } } } } };
  const put = await server.rest.call('PUT', '/v1/projects/default/clusters/shop/definition', {
    body: definition,
  });
  assert.equal(put.status, 201);
  const daemons = await server.rest.call('PUT', '/v1/directors/local/sync-daemons', {
    body: { spec: { backup: { interface: 'sync0' } } },
  });
  assert.equal(daemons.status, 200);
});

/** One datagram from a port of its own. */
async function sendTo(address: string, port: number, text: string): Promise<void> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  await new Promise<unknown>((resolve) => socket.send(text, port, address, resolve));
  socket.close();
}

const CALL = 'OPTIONS sip:a@b SIP/2.0\r\nCall-ID: call-7@example\r\nContent-Length: 0\r\n\r\n';

test('text is what ipvsadm prints, whatever the protocol, family, engine and mark', (t) =>
  explained(t, server, async () => {
    await ipvsadm('-A', '-u', '[::1]:53', '-s', 'rr', '-p', '60');
    await ipvsadm('-a', '-u', '[::1]:53', '-r', '[::1]:5300', '-m');
    await ipvsadm('-A', '-u', '127.0.0.1:5060', '-s', 'rr', '-p', '60', '--pe', 'sip');
    await ipvsadm('-a', '-u', '127.0.0.1:5060', '-r', '127.0.0.1:5300', '-m');
    await ipvsadm('-A', '-f', '7', '-s', 'rr', '-p', '6000');
    await ipvsadm('-a', '-f', '7', '-r', '127.0.0.1:0', '-m');
    const rule = ['-t', 'mangle', '-A', 'OUTPUT', '-d', '127.0.0.9', '-j', 'MARK', '--set-mark', '7'];
    execFileSync('iptables-legacy', rule);
    await sendTo('::1', 53, 'x');
    await sendTo('127.0.0.1', 5060, CALL);
    await sendTo('127.0.0.9', 98, 'x');
    const six = {
      client: { address: '2001:db8::7', port: 4000 },
      virtual: { address: '2001:db8::88', port: 80 },
    };
    await sendConnections(ADDRESS, [
      { client: { address: '10.99.0.1', port: 1 }, virtual: http, real: web1, timeoutSeconds: 7200 },
      {
        client: { address: '10.99.0.2', port: 2 },
        virtual: http,
        real: web1,
        timeoutSeconds: 60,
        protocol: 'sctp',
      },
      {
        client: { address: '10.99.0.3', port: 3 },
        virtual: http,
        real: web1,
        timeoutSeconds: 60,
        protocol: 'udp',
      },
    ]);
    await sendConnections(ADDRESS, [
      { ...six, real: { address: '2001:db8::11', port: 80 }, timeoutSeconds: 60 },
    ]);
    await eventually(5000, async () => {
      assert.ok((await ipvsadm('-Lnc')).split('\n').length >= 13);
    });
    for (const [query, options] of [
      ['', []],
      ['?view=persistent-conn', ['--persistent-conn']],
    ] as const) {
      const { body } = await server.rest.call<string>('GET', `${CONNECTIONS}${query}`, TEXT);
      const printed = await ipvsadm('-Lnc', ...options);
      assert.equal(withoutTimes(body), withoutTimes(printed));
    }
    const { items } = await server.rest.get<{ items: Connection[] }>(CONNECTIONS);
    assert.ok(items.some(({ protocol, state }) => protocol === 'sctp' && state === 'ESTABLISHED'));
    const sip = items.find(({ persistence }) => persistence?.engine === 'sip');
    assert.deepEqual([sip?.template, sip?.persistence?.data], [true, 'call-7@example']);
    const marked = await server.rest.get<{ items: Connection[] }>(
      `${CONNECTIONS}?virtualService=fwmark/ipv4/7`,
    );
    assert.deepEqual(
      marked.items.map(({ protocol, template, virtual }) => [protocol, template, virtual.address]),
      [['ip', true, '0.0.0.7']],
    );
  }));

/** The times go on between two readings; what they look like stays. */
function withoutTimes(text: string): string {
  return text.replace(/(?<=^\S+ +)\d+:\d\d/gm, (time) => time.replace(/\d/g, '0'));
}

/** Of the server's process, in MiB. */
function memory(name: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${server.pid}/status`, 'utf8');
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) / 1024;
}

/** Asks again and again whether the server is alive while the work is done. */
async function whileHealthy<T>(t: TestContext, name: string, work: () => Promise<T>): Promise<T> {
  // The peak is that of the work.
  writeFileSync(`/proc/${server.pid}/clear_refs`, '5');
  const resting = memory('VmRSS');
  const begun = performance.now();
  let [answers, slowest, isDone] = [0, 0, false];
  const asking = (async () => {
    while (!isDone) {
      const asked = performance.now();
      const { status } = await server.rest.call('GET', '/healthz');
      assert.equal(status, 200);
      slowest = Math.max(slowest, performance.now() - asked);
      answers += 1;
      await sleep(50);
    }
  })();
  const result = await work().finally(() => {
    isDone = true;
  });
  await asking;
  const grown = memory('VmHWM') - resting;
  t.diagnostic(
    `${name}: ${((performance.now() - begun) / 1000).toFixed(1)} s; memory ${resting.toFixed()} MiB, at most ` +
      `${grown.toFixed()} MiB more; ${answers} answers of /healthz, the slowest after ${slowest.toFixed()} ms`,
  );
  assert.ok(answers >= 5, `${answers} answers`);
  assert.ok(grown < MEMORY_LIMIT, `${grown} MiB more`);
  return result;
}

const MEMORY_LIMIT = 64;

/** What identifies a connection here: the clients all have addresses of their own. */
const clientsOf = (items: readonly { client?: { address: string } | undefined }[]) =>
  items.map((one) => one.client?.address ?? '');

/** Not by deepEqual: what differs in a hundred thousand lines would take it for ever to print. */
function assertEachOnce(found: readonly string[], expected: readonly string[]): void {
  const seen = new Set(found);
  assert.equal(seen.size, found.length, 'none is listed twice');
  const missing = expected.filter((one) => !seen.has(one));
  assert.deepEqual(missing.slice(0, 10), [], `${missing.length} are missing`);
  assert.equal(found.length, expected.length);
}

interface Listed {
  readonly items: Connection[];
  /** Milliseconds of each page. */
  readonly pages: number[];
}

async function byPage(query: Readonly<Record<string, string>>): Promise<Listed> {
  const listed: Listed = { items: [], pages: [] };
  let pageToken = '';
  do {
    const parameters = new URLSearchParams({ ...query, pageSize: '1000', pageToken });
    const begun = performance.now();
    const page = await server.rest.get<{ items: Connection[]; nextPageToken: string }>(
      `${CONNECTIONS}?${parameters}`,
    );
    listed.pages.push(performance.now() - begun);
    listed.items.push(...page.items);
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  return listed;
}

const wanted = Array.from({ length: COUNT }, (_, index): SyncedConnection => {
  const address = `10.${100 + (index >> 16)}.${(index >> 8) & 0xff}.${index & 0xff}`;
  const virtual = index % FOREIGN_SHARE === 0 ? other : http;
  return { client: { address, port: 1024 + (index % 50_000) }, virtual, real: web1, timeoutSeconds: 36_000 };
});
const ours = wanted.filter(({ virtual }) => virtual === http);
const foreign = wanted.filter(({ virtual }) => virtual === other);

/** The kernel walks its list from the beginning for every piece: all of them are a test of its patience, not of ours. */
const STREAMED = 10_000;

async function openStream(): Promise<ClientReadableStream<Buffer>> {
  return client.stream(STREAM, { director: 'local', virtualService: SERVICE });
}

test('a gRPC stream has them all', (t) =>
  explained(t, server, async () => {
    await sendConnections(ADDRESS, wanted.slice(0, STREAMED));
    const found = await whileHealthy(t, 'as a stream', async () => {
      const addresses: string[] = [];
      for await (const bytes of await openStream()) {
        addresses.push(...clientsOf(fromBinary(StreamConnectionsResponseSchema, bytes).items));
      }
      return addresses;
    });
    assertEachOnce(
      found.filter((address) => !address.startsWith('10.99.')),
      clientsOf(wanted.slice(0, STREAMED).filter(({ virtual }) => virtual === http)),
    );
  }));

test(
  '100,000 connections are listed by page, each once, while the server does other work',
  { timeout: 300_000 },
  (t) =>
    explained(t, server, async () => {
      await sendConnections(ADDRESS, wanted.slice(STREAMED));
      const { items, pages } = await whileHealthy(t, 'by page', () =>
        byPage({ template: 'false', client: '10.96.0.0/11' }),
      );
      const few = (part: number[]) => part.map((one) => one.toFixed()).join(', ');
      t.diagnostic(
        `${pages.length} pages of 1000; the first ones took ${few(pages.slice(1, 5))} ms, the last ${few(pages.slice(-5, -1))}`,
      );
      const synced = items.filter(({ client: { address } }) => !address.startsWith('10.99.'));
      assertEachOnce(clientsOf(synced), clientsOf(wanted));
      const owners = new Set(
        synced.map(({ virtualService, realServer }) => `${virtualService} ${realServer}`),
      );
      assert.deepEqual([...owners].sort(), ['null null', `${SERVICE} ${SERVICE}/real-servers/web-1`]);
    }),
);

test('the few that a filter lets through are found in bounded pages', { timeout: 300_000 }, (t) =>
  explained(t, server, async () => {
    const { items, pages } = await whileHealthy(t, 'by filter', () =>
      byPage({ virtualService: 'tcp/10.88.0.200:443' }),
    );
    assertEachOnce(clientsOf(items), clientsOf(foreign));
    assert.equal(pages.length, 11);
    const subnet = await byPage({ virtualService: SERVICE, client: '10.100.7.0/24', state: 'ESTABLISHED' });
    assertEachOnce(
      clientsOf(subnet.items),
      clientsOf(ours).filter((address) => address.startsWith('10.100.7.')),
    );
  }),
);

/** Whether the server is reading the list. */
function isReading(): boolean {
  const directory = `/proc/${server.pid}/fd`;
  return readdirSync(directory).some((name) => {
    try {
      return readlinkSync(`${directory}/${name}`).endsWith('/net/ip_vs_conn');
    } catch {
      return false;
    }
  });
}

/** Long before the whole list would have been read. */
async function endsReading(): Promise<void> {
  await eventually(10_000, async () => {
    for (let look = 0; look < 20; look += 1) {
      assert.equal(isReading(), false);
      await sleep(50);
    }
  });
}

async function openText(): Promise<IncomingMessage> {
  const headers = { ...TEXT.headers, authorization: `Bearer ${await server.token()}` };
  const request = get(`${server.restUrl}${CONNECTIONS}`, { headers, agent: false });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  await once(response, 'readable');
  return response;
}

test('a reading ends when its caller has gone, through either door', (t) =>
  explained(t, server, async () => {
    const response = await openText();
    await eventually(10_000, async () => assert.ok(isReading()));
    response.destroy();
    await endsReading();
    const stream = await openStream();
    const cancelled = once(stream, 'error');
    stream.once('data', () => stream.pause());
    await eventually(10_000, async () => assert.ok(isReading()));
    stream.cancel();
    await cancelled;
    await endsReading();
  }));
