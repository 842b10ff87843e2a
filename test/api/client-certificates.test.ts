// Clients that prove themselves with a certificate, through both doors.
import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { credentials, type ServiceError, status } from '@grpc/grpc-js';
import type { AuditEvent } from '../../src/domain/schema/audit-event.js';
import { makeCertificate } from '../support/certificate.js';
import { type ClientKeyPair, makeAuthority } from '../support/certificate-authority.js';
import { eventually } from '../support/control-world.js';
import { connectByReflection } from '../support/grpc-reflection-client.js';
import { startTestServer, type TestServer } from '../support/server.js';

const directory = mkdtempSync(join(tmpdir(), 'lvsd-mtls-'));
const files = makeCertificate(directory, 'server');
const ours = makeAuthority(directory, 'ours');
const theirs = makeAuthority(directory, 'theirs');
const next = makeAuthority(directory, 'next');
const authorities = join(directory, 'clients.pem');
copyFileSync(ours.file, authorities);
const accessFile = join(directory, 'access.json');
writeFileSync(
  accessFile,
  JSON.stringify({
    clientCertificates: [
      { identity: 'CN=ci', role: 'editor', project: 'default' },
      { identity: 'URI:spiffe://example.net/monitor', role: 'viewer' },
    ],
  }),
);
const start = (isRequired: boolean) =>
  startTestServer({ tls: { ...files, clients: { authorities, isRequired } }, accessFile, rateLimit: null });
const optional = await start(false);
const required = await start(true);
after(async () => {
  await Promise.all([optional.stop(), required.stop()]);
  rmSync(directory, { recursive: true });
});

const ci = ours.issue('ci');
const monitor = ours.issue('probe-7', 'URI:spiffe://example.net/monitor');
const stranger = ours.issue('stranger');
const forged = theirs.issue('ci');

interface Asked {
  readonly pair?: ClientKeyPair;
  readonly token?: string;
  readonly method?: string;
  readonly path?: string;
  readonly body?: object;
}

/** Without connections to use again, but with sessions to resume. */
const agent = new Agent({ keepAlive: false });

const CLUSTERS = '/v1/projects/default/clusters';

/** Rejects when the connection is refused. */
function rest(server: TestServer, { pair, token, method = 'GET', path = CLUSTERS, body }: Asked) {
  return new Promise<{ status: number; body: Record<string, unknown> }>((resolve, reject) => {
    const headers = {
      ...(token && { authorization: `Bearer ${token}` }),
      ...(body && { 'content-type': 'application/json' }),
    };
    const { port } = server.running.http;
    const ca = readFileSync(files.certificate);
    request({ host: '127.0.0.1', port, method, path, headers, ca, ...pair, agent }, (answer) => {
      json(answer).then((content) => {
        resolve({ status: answer.statusCode ?? 0, body: content as Record<string, unknown> });
      }, reject);
    })
      .once('error', reject)
      .end(body && JSON.stringify(body));
  });
}

async function grpc(server: TestServer, { pair, token }: Asked): Promise<string> {
  const channel = credentials.createSsl(readFileSync(files.certificate), pair?.key, pair?.cert);
  const address = `localhost:${server.running.grpc.port}`;
  const client = await connectByReflection(address, { channel, ...(token && { token }) });
  try {
    await client.call('lvsd.v1.ClusterService/ListClusters', { project: 'default' });
    return 'OK';
  } catch (error) {
    return status[(error as ServiceError).code] ?? 'no status';
  } finally {
    client.close();
  }
}

function newest(kind: AuditEvent['kind']): AuditEvent | undefined {
  return optional.running.store.read(
    (reader) => reader.events({ order: 'descending', limit: 1, kinds: [kind] })[0],
  );
}

test('a certificate of a trusted authority is a credential, with the grants of the names in it', async () => {
  assert.equal((await rest(optional, { pair: ci, method: 'POST', body: { name: 'a' } })).status, 201);
  const actor = newest('change')?.actor;
  assert.deepEqual([actor?.principal, actor?.roles], ['certificate:ci', ['editor@default']]);
  assert.match(actor?.credentialId ?? '', /^certificate ([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
  assert.equal((await rest(optional, { pair: ci, path: '/v1/directors' })).status, 403);
  assert.equal((await rest(optional, { pair: monitor, path: '/v1/directors' })).status, 200);
  assert.equal(await grpc(optional, { pair: ci }), 'OK');
});

test('a certificate whose names give nothing is a 403 that says who it is', async () => {
  const { status: code, body } = await rest(optional, { pair: stranger });
  assert.deepEqual([code, body.reason], [403, 'PERMISSION_DENIED']);
  assert.match(String(body.detail), /certificate:stranger is known/);
  assert.equal(newest('auth')?.actor.principal, 'certificate:stranger');
  assert.equal(await grpc(optional, { pair: stranger }), 'PERMISSION_DENIED');
});

test('a token goes before the certificate', async () => {
  const answer = await rest(optional, { pair: stranger, token: optional.adminToken, path: '/v1/directors' });
  assert.equal(answer.status, 200);
  assert.equal(await grpc(optional, { pair: stranger, token: optional.adminToken }), 'OK');
  assert.equal((await rest(optional, { pair: ci, token: 'lvsd_wrong' })).status, 401);
});

test('a certificate of another authority proves nobody, whatever name it has', async () => {
  assert.equal((await rest(optional, { pair: forged })).status, 401);
  assert.equal(await grpc(optional, { pair: forged }), 'UNAUTHENTICATED');
  await assert.rejects(rest(required, { pair: forged }));
  await assert.rejects(grpc(required, { pair: forged }), { code: status.UNAVAILABLE });
});

test('where certificates are required, a token alone does not even get a connection', async () => {
  await assert.rejects(rest(required, { token: required.adminToken }));
  await assert.rejects(grpc(required, { token: required.adminToken }), { code: status.UNAVAILABLE });
  assert.equal((await rest(required, { pair: ci })).status, 200);
  assert.equal(await grpc(required, { pair: ci }), 'OK');
  assert.equal((await rest(required, { pair: stranger, token: required.adminToken })).status, 200);
});

test('without certificate and token a call is a 401, as ever', async () => {
  assert.equal((await rest(optional, {})).status, 401);
  assert.equal(await grpc(optional, {}), 'UNAUTHENTICATED');
});

test('another file of authorities is taken into use without a restart, at both doors', async () => {
  const renewed = next.issue('ci');
  assert.equal((await rest(optional, { pair: ci })).status, 200, 'there is a session to resume');
  assert.equal((await rest(optional, { pair: renewed })).status, 401);
  copyFileSync(next.file, authorities);
  await eventually(async () => (await rest(optional, { pair: renewed })).status === 200);
  await eventually(async () => (await grpc(optional, { pair: renewed })) === 'OK');
  assert.equal((await rest(optional, { pair: ci })).status, 401);
});
