import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createAuthentication } from '../../src/control/access/authentication.js';
import { createTokens } from '../../src/control/access/tokens.js';
import type { Credentials } from '../../src/control/control.js';
import { context } from '../contract/store/subject.js';
import { sqliteSource } from '../support/sqlite-source.js';

const START = Date.UTC(2026, 0, 1);
const MINUTE_MS = 60_000;

const call: Credentials = {
  token: undefined,
  transport: 'rest',
  requestId: 'request-9',
  sourceAddress: '192.0.2.9',
  action: 'listClusters',
};

async function setUp(t: TestContext) {
  const clock = { now: START };
  const now = () => new Date(clock.now);
  const store = sqliteSource(t).open({ clock: () => clock.now });
  const authentication = createAuthentication({ store, now });
  const { value } = await createTokens({ store, now }).create(context, 'default', {
    name: 'ci',
    spec: { role: 'editor', expireTime: '2026-01-01T01:00:00Z' },
  });
  const { secret } = value;
  const denials = () =>
    store.read((reader) => reader.events({ order: 'ascending', limit: 999, kinds: ['auth'] }));
  const turnedAway = (credentials: Credentials) =>
    assert.rejects(authentication.authenticate(credentials), { reason: 'UNAUTHENTICATED' });
  return { authentication, clock, denials, secret, store, turnedAway };
}

test('a token proves who calls, and leaves no event', async (t) => {
  const { authentication, denials, secret } = await setUp(t);
  assert.deepEqual(await authentication.authenticate({ ...call, token: secret }), {
    name: 'default/ci',
    credentialId: 'projects/default/tokens/ci',
    grants: [{ role: 'editor', project: 'default' }],
  });
  assert.deepEqual(denials(), []);
});

test('a revoked token is turned away from the next call on', async (t) => {
  const { authentication, secret, store, turnedAway } = await setUp(t);
  await authentication.authenticate({ ...call, token: secret });
  await createTokens({ store, now: () => new Date(START) }).revoke(context, 'default', 'ci');
  await turnedAway({ ...call, token: secret });
});

test('a call without a token, with an unknown one and with an expired one is turned away and audited', async (t) => {
  const { clock, denials, secret, turnedAway } = await setUp(t);
  await turnedAway(call);
  await turnedAway({ ...call, action: 'getCluster', token: 'lvsd_guess', transport: 'grpc' });
  clock.now += 60 * MINUTE_MS;
  await turnedAway({ ...call, action: 'createCluster', token: secret });

  assert.deepEqual(
    denials().map(({ actor, transport, action, resource, detail }) => [
      actor.principal,
      actor.credentialId,
      transport,
      action,
      resource,
      detail,
    ]),
    [
      ['anonymous', null, 'rest', 'listClusters', '', 'The call carried no token.'],
      ['anonymous', null, 'grpc', 'getCluster', '', 'The token is not known, or was revoked.'],
      [
        'default/ci',
        'projects/default/tokens/ci',
        'rest',
        'createCluster',
        'projects/default/tokens/ci',
        'The token expired at 2026-01-01T01:00:00.000Z.',
      ],
    ],
  );
  const [first] = denials();
  assert.deepEqual([first?.sourceAddress, first?.requestId], ['192.0.2.9', 'request-9']);
  assert.equal(JSON.stringify(denials()).includes('lvsd_guess'), false, 'no secret in the audit log');
});

test('a flood from one source leaves two events a minute, the second with the count', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { denials, store, turnedAway } = await setUp(t);
  for (let n = 0; n < 500; n += 1) await turnedAway(call);
  assert.equal(denials().length, 1);
  t.mock.timers.tick(MINUTE_MS);
  await store.write(context, () => undefined); // after what the timer wrote
  assert.deepEqual(
    denials().map(({ detail }) => detail),
    [
      'The call carried no token.',
      'In one minute 499 more calls like this were turned away without an event of their own.',
    ],
  );
  await turnedAway(call);
  t.mock.timers.tick(MINUTE_MS);
  await store.write(context, () => undefined);
  assert.equal(denials().length, 3, 'one call alone needs no count');
});

test('a flood from a thousand sources is bounded too, and none of its calls is uncounted', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { denials, store, turnedAway } = await setUp(t);
  for (let n = 0; n < 1000; n += 1) await turnedAway({ ...call, sourceAddress: `192.0.2.${n}` });
  assert.equal(denials().length, 21);
  t.mock.timers.tick(MINUTE_MS);
  await store.write(context, () => undefined);
  assert.equal(denials().length, 22);
  assert.match(denials().at(-1)?.detail ?? '', /979 more calls of many sources/);
});

test('a count that comes due after the store was closed is dropped quietly', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { store, turnedAway } = await setUp(t);
  await turnedAway(call);
  await turnedAway(call);
  store.close();
  t.mock.timers.tick(MINUTE_MS);
  await new Promise(setImmediate); // an unhandled rejection would fail the test
});
