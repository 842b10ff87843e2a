// Tokens of an OpenID Connect issuer, through both doors of a server that trusts one.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { SignJWT, UnsecuredJWT } from 'jose';
import { createIssuers } from '../../src/access/issuers.js';
import type { Page } from '../../src/control/control.js';
import type { AuditEvent } from '../../src/domain/schema/audit-event.js';
import { connectByReflection } from '../support/grpc-reflection-client.js';
import { createIssuer } from '../support/issuer.js';
import { createRestClient } from '../support/rest-client.js';
import { startTestServer } from '../support/server.js';

const directory = mkdtempSync(join(tmpdir(), 'lvsd-oidc-'));
const issuer = await createIssuer();
const policy = {
  ...{ name: 'sso', issuer: issuer.url, audience: 'lvsd', principalClaim: 'preferred_username' },
  grants: [
    { claim: 'realm_access.roles', value: 'lvsd-viewer', role: 'viewer' as const },
    { claim: 'groups', value: '/net', role: 'editor' as const, project: 'default' },
  ],
};
const accessFile = join(directory, 'access.json');
writeFileSync(accessFile, JSON.stringify({ issuers: [policy] }));
await issuer.stop(); // the server starts without it
const server = await startTestServer({ accessFile, rateLimit: null });
const rest = createRestClient(server);
after(async () => {
  await server.stop();
  await issuer.stop();
  rmSync(directory, { recursive: true });
});

const anna = {
  preferred_username: 'anna',
  realm_access: { roles: ['offline_access', 'lvsd-viewer'] },
  groups: ['/net', '/all'],
};
const CLUSTERS = '/v1/projects/default/clusters';
const seconds = () => Math.floor(Date.now() / 1000);

async function answerTo(token: string, method = 'GET', path = CLUSTERS, body?: object) {
  const { status, body: answer } = await rest(method, path, { token, ...(body && { body }) });
  return { status, reason: answer.reason, detail: answer.detail };
}

async function newest(kind: string): Promise<AuditEvent | undefined> {
  const { body } = await rest<Page<AuditEvent>>('GET', `/v1/audit-events?kind=${kind}&pageSize=1`);
  return body.items[0];
}

test('an issuer that is out of reach at the start is a 503 for its tokens alone, until it is back', async () => {
  const token = await issuer.sign(anna);
  assert.deepEqual(
    [(await answerTo(token)).status, (await answerTo(token)).reason],
    [503, 'ISSUER_UNAVAILABLE'],
  );
  assert.equal((await answerTo(server.adminToken)).status, 200);
  await issuer.start();
  assert.equal((await answerTo(token)).status, 200);
});

test('claims give grants, and the audit log says who it was', async () => {
  const token = await issuer.sign(anna);
  assert.equal((await answerTo(token, 'GET', '/v1/directors')).status, 200);
  assert.equal((await answerTo(token, 'POST', CLUSTERS, { name: 'a' })).status, 201);
  assert.equal((await answerTo(token, 'POST', '/v1/directors/local/reconciliations')).status, 403);
  assert.deepEqual((await newest('change'))?.actor, {
    principal: 'sso:anna',
    credentialId: `${issuer.url}#u-1`,
    roles: ['viewer', 'editor@default'],
  });
  const client = await connectByReflection(server.grpcAddress, { token });
  const { answer } = await client.call('lvsd.v1.ClusterService/GetCluster', {
    project: 'default',
    name: 'a',
  });
  client.close();
  assert.equal((answer.cluster as { name: string }).name, 'a');
});

test('who is known and has no role is told so, and not taken for a stranger', async () => {
  const token = await issuer.sign({ preferred_username: 'bob', groups: ['/sales'] });
  const { status, reason, detail } = await answerTo(token);
  assert.deepEqual([status, reason], [403, 'PERMISSION_DENIED']);
  assert.match(detail, /sso:bob is known, but nothing gives it a role/);
  assert.equal((await newest('auth'))?.actor.principal, 'sso:bob');
});

const publicKeyText = 'any text that somebody might know';
const refused: readonly [title: string, token: () => Promise<string> | string, why: RegExp][] = [
  ['of another issuer', () => issuer.sign({ ...anna, iss: 'https://evil.example' }), /issuer .* is none/],
  ['for another audience', () => issuer.sign({ ...anna, aud: 'shop' }), /audience is not lvsd/],
  ['that has expired', () => issuer.sign({ ...anna, exp: seconds() - 60 }), /has expired/],
  ['that is not valid yet', () => issuer.sign({ ...anna, nbf: seconds() + 60 }), /not valid yet/],
  ['without an end', () => issuer.sign({ ...anna, exp: undefined }), /claim exp is missing/],
  ['without the claim that names', () => issuer.sign({ groups: ['/net'] }), /preferred_username names no/],
  ['with an unknown key', () => issuer.sign(anna, { kid: 'other' }), /has not published the key/],
  [
    'with a changed claim',
    async () => {
      const [head, , signature] = (await issuer.sign(anna)).split('.');
      const claims = {
        iss: issuer.url,
        aud: 'lvsd',
        sub: 'u-1',
        exp: seconds() + 300,
        ...anna,
        role: 'admin',
      };
      return [head, Buffer.from(JSON.stringify(claims)).toString('base64url'), signature].join('.');
    },
    /signature is wrong/,
  ],
  [
    'without a signature',
    () =>
      new UnsecuredJWT({ iss: issuer.url, aud: 'lvsd', sub: 'u-1', exp: seconds() + 300, ...anna }).encode(),
    /algorithm is not allowed/,
  ],
  [
    'with a shared secret for a key',
    () =>
      new SignJWT({ iss: issuer.url, aud: 'lvsd', sub: 'u-1', exp: seconds() + 300, ...anna })
        .setProtectedHeader({ alg: 'HS256', kid: 'key-1' })
        .sign(new TextEncoder().encode(publicKeyText)),
    /algorithm is not allowed/,
  ],
  ['that is none', () => 'eyJ.eyJ.x', /no JSON Web Token/],
];

for (const [title, token, why] of refused) {
  test(`a token ${title} is refused, and the audit log says why`, async () => {
    const sent = await token();
    const path = `/v1/directors/local/${title.length % 2 ? 'drift' : 'table'}`;
    const { status, reason, detail } = await answerTo(sent, 'GET', path);
    assert.deepEqual([status, reason], [401, 'UNAUTHENTICATED']);
    assert.match(detail, why);
    assert.equal(JSON.stringify(await newest('auth')).includes(sent), false);
  });
}

test('a clock that is some seconds behind is tolerated', async () => {
  assert.equal((await answerTo(await issuer.sign({ ...anna, exp: seconds() - 5 }))).status, 200);
  assert.equal((await answerTo(await issuer.sign({ ...anna, nbf: seconds() + 5 }))).status, 200);
});

test('a new key of the issuer is found by the first token that it signs, and keys are not read for every token', async () => {
  const issuers = createIssuers({ policies: [policy], now: () => new Date(), cooldownMs: 0 });
  const before = issuer.keyReads;
  for (const name of ['anna', 'bea', 'carl']) {
    await issuers.verify(await issuer.sign({ ...anna, preferred_username: name }));
  }
  assert.equal(issuer.keyReads - before, 1);
  await issuer.rotate();
  const { name } = await issuers.verify(await issuer.sign({ ...anna, preferred_username: 'dora' }));
  assert.equal(name, 'sso:dora');
  assert.equal(issuer.keyReads - before, 2);
});

test('a verified token is believed until it expires, also while the issuer is away', async () => {
  const clock = { now: Date.now() };
  const issuers = createIssuers({ policies: [policy], now: () => new Date(clock.now) });
  const token = await issuer.sign({ ...anna, exp: seconds() + 60 });
  await issuers.verify(token);
  await issuer.stop();
  assert.equal((await issuers.verify(token)).name, 'sso:anna');
  const other = createIssuers({ policies: [policy], now: () => new Date(clock.now) });
  await assert.rejects(other.verify(token), { reason: 'ISSUER_UNAVAILABLE' });
  clock.now += 120_000;
  await assert.rejects(other.verify(token), /it has expired/);
  await assert.rejects(issuers.verify(token), /it has expired/);
  await issuer.start();
});
