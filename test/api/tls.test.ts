import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type PeerCertificate, type TLSSocket } from 'node:tls';
import { credentials } from '@grpc/grpc-js';
import { makeCertificate } from '../support/certificate.js';
import { runCommand } from '../support/command.js';
import { connectByReflection } from '../support/grpc-reflection-client.js';
import { startTestServer } from '../support/server.js';

const directory = mkdtempSync(join(tmpdir(), 'lvsd-tls-'));
const files = makeCertificate(directory, 'first');
const server = await startTestServer({ tls: files });
after(async () => {
  await server.stop();
  rmSync(directory, { recursive: true });
});

const ports = { rest: server.running.http.port, grpc: server.running.grpc.port };
const authority = () => readFileSync(files.certificate);

/** Whom the listener says it is, to a client that trusts the certificate of this moment. */
function presented(port: number): Promise<PeerCertificate> {
  return new Promise((resolve, reject) => {
    const socket: TLSSocket = connect(
      {
        host: '127.0.0.1',
        port,
        ca: authority(),
        ALPNProtocols: port === ports.grpc ? ['h2'] : ['http/1.1'],
      },
      () => {
        resolve(socket.getPeerCertificate());
        socket.destroy();
      },
    );
    socket.once('error', reject);
  });
}

async function get(path: string): Promise<number | undefined> {
  return (await answerTo(path)).statusCode;
}

function answerTo(path: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${server.adminToken}` };
    request({ host: '127.0.0.1', port: ports.rest, path, headers, ca: authority() }, (response) => {
      response.resume();
      response.once('end', () => resolve(response));
    })
      .once('error', reject)
      .end();
  });
}

async function callGrpc(): Promise<readonly string[]> {
  const client = await connectByReflection(server.grpcAddress, {
    token: server.adminToken,
    channel: credentials.createSsl(authority()),
  });
  try {
    await client.call('lvsd.v1.DirectorService/GetDirector', { name: 'local' });
    return client.services;
  } finally {
    client.close();
  }
}

test('both listeners speak TLS, and nothing else', async () => {
  assert.equal(await get('/v1/directors/local'), 200);
  assert.ok((await callGrpc()).includes('lvsd.v1.DirectorService'));
  await assert.rejects(fetch(`http://127.0.0.1:${ports.rest}/healthz`));
  for (const port of Object.values(ports)) assert.equal((await presented(port)).subject.CN, 'first');
});

test('browsers that came over TLS once are told to stay with it', async () => {
  for (const path of ['/v1/directors/local', '/docs/', '/v1/nothing']) {
    const { headers } = await answerTo(path);
    assert.equal(headers['strict-transport-security'], 'max-age=31536000', path);
  }
});

test('a certificate that is replaced is taken into use; one half of it is not', async () => {
  const old = { certificate: readFileSync(files.certificate), key: readFileSync(files.key) };
  makeCertificate(directory, 'second');
  const second = { certificate: readFileSync(files.certificate), key: readFileSync(files.key) };
  // As a renewal writes them, one after the other; the pair is not valid in between.
  writeFileSync(files.certificate, old.certificate);
  await sleep(2500);
  for (const port of Object.values(ports)) assert.equal((await presented(port)).subject.CN, 'first');
  writeFileSync(files.certificate, second.certificate);
  const limit = AbortSignal.timeout(15_000);
  for (const port of Object.values(ports)) {
    while ((await presented(port).catch(() => undefined))?.subject.CN !== 'second') {
      limit.throwIfAborted();
      await sleep(100);
    }
  }
  assert.equal(await get('/v1/directors/local'), 200);
  await callGrpc();
});

test('the command says what is wrong with files that are no certificate', async () => {
  writeFileSync(join(directory, 'text'), 'no certificate\n');
  const text = join(directory, 'text');
  for (const [certificate, key] of [
    [text, files.key],
    [files.certificate, join(directory, 'absent')],
  ] as const) {
    const { code, stderr } = await runCommand(['serve', '--driver', 'memory'], {
      LVSD_HTTP: '127.0.0.1:0',
      LVSD_GRPC: '127.0.0.1:0',
      LVSD_DATA_DIR: join(directory, 'data'),
      LVSD_TLS_CERTIFICATE: certificate,
      LVSD_TLS_KEY: key,
    });
    assert.notEqual(code, 0);
    assert.match(stderr, /The certificate .+ with the key .+ cannot be used: .+ Both must be PEM files/);
    assert.doesNotMatch(stderr, /\n +at /, 'a stack is nothing for an operator');
  }
});
