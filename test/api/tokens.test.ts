import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { createTokens } from '../../src/control/tokens.js';
import type { TokenSpec } from '../../src/domain/schema/token.js';
import { context } from '../contract/store/subject.js';
import { sqliteSource } from '../support/sqlite-source.js';

const START = Date.UTC(2026, 0, 1);
const editor: TokenSpec = { role: 'editor', project: 'default', expireTime: null };

function setUp(t: TestContext) {
  const source = sqliteSource(t);
  const clock = { now: START };
  const store = source.open({ clock: () => clock.now });
  const tokens = createTokens({ store, now: () => new Date(clock.now) });
  return { source, clock, store, tokens };
}

test('a token is found by its secret, which has 256 random bits and is never the same', async (t) => {
  const { tokens } = setUp(t);
  const { token, secret } = await tokens.create(context, { name: 'ci', ...editor });
  const other = await tokens.create(context, { name: 'cd', ...editor });
  assert.match(secret, /^lvsd_[\w-]{43}$/);
  assert.notEqual(other.secret, secret);
  assert.deepEqual(tokens.find(secret), token);
  assert.deepEqual(token, {
    ...editor,
    name: 'ci',
    credentialId: 'tokens/ci',
    createTime: '2026-01-01T00:00:00.000Z',
    expired: false,
  });
  assert.equal(tokens.find(`${secret}x`), undefined);
  assert.equal(tokens.find(''), undefined);
});

test('neither the database nor the audit log holds a secret', async (t) => {
  const { source, store, tokens } = setUp(t);
  const { secret } = await tokens.create(context, { name: 'ci', ...editor });
  const events = store.read((reader) =>
    reader.events({ order: 'ascending', limit: 99, resource: 'tokens/ci' }),
  );
  assert.equal(events.length, 1);
  assert.deepEqual(events[0]?.after, { labels: {}, spec: editor });
  store.close(); // moves everything into the one file
  const bytes = readFileSync(source.file);
  assert.ok(bytes.includes('tokens/ci'));
  assert.equal(bytes.includes(secret), false);
  assert.equal(bytes.includes(secret.slice('lvsd_'.length)), false);
});

test('a token expires at its time, and says so', async (t) => {
  const { clock, tokens } = setUp(t);
  const request = { name: 'ci', ...editor, expireTime: '2026-01-01T02:00:00+01:00' };
  const { token, secret } = await tokens.create(context, request);
  assert.equal(token.expireTime, '2026-01-01T01:00:00.000Z');
  clock.now = Date.parse('2026-01-01T00:59:59.999Z');
  assert.equal(tokens.find(secret)?.expired, false);
  clock.now += 1;
  assert.equal(tokens.find(secret)?.expired, true);
});

test('a revoked token is found no more, and both changes are audited', async (t) => {
  const { store, tokens } = setUp(t);
  const { secret } = await tokens.create({ ...context, action: 'createToken' }, { name: 'ci', ...editor });
  await tokens.revoke({ ...context, action: 'deleteToken', reason: 'leaked' }, 'ci');
  assert.equal(tokens.find(secret), undefined);
  assert.deepEqual(tokens.list(), []);
  const events = store.read((reader) => reader.events({ order: 'ascending', limit: 9, resource: 'tokens' }));
  assert.deepEqual(
    events.map(({ action, reason, resource }) => [action, reason, resource]),
    [
      ['createToken', context.reason, 'tokens/ci'],
      ['deleteToken', 'leaked', 'tokens/ci'],
    ],
  );
  await assert.rejects(tokens.revoke(context, 'ci'), { reason: 'TOKEN_NOT_FOUND' });
});

test('tokens are listed by name', async (t) => {
  const { tokens } = setUp(t);
  for (const name of ['b', 'c', 'a']) await tokens.create(context, { name, ...editor });
  assert.deepEqual(
    tokens.list().map(({ name }) => name),
    ['a', 'b', 'c'],
  );
});

test('what cannot be a token is refused, with the reason, and nothing is stored', async (t) => {
  const { store, tokens } = setUp(t);
  await tokens.create(context, { name: 'taken', ...editor });
  const before = store.read((reader) => reader.revision());
  const refused = async (change: object, reason: string, pointer?: string) => {
    const request = { name: 'ci', ...editor, ...change };
    await assert.rejects(
      tokens.create(context, request),
      (error: { reason?: string; violations?: object[] }) => {
        assert.equal(error.reason, reason);
        const [violation] = (error.violations ?? []) as { pointer: string }[];
        assert.equal(violation?.pointer, pointer);
        return true;
      },
    );
  };
  await refused({ name: 'taken' }, 'NAME_TAKEN');
  await refused({ name: 'Not A Label' }, 'FIELD_INVALID', '/name');
  await refused({ role: 'root' }, 'FIELD_INVALID', '/role');
  await refused({ project: 'nowhere' }, 'PROJECT_NOT_FOUND');
  await refused({ expireTime: '2025-12-31T23:59:59Z' }, 'FIELD_INVALID', '/expireTime');
  await refused({ expireTime: '2026-01-01T00:00:00Z' }, 'FIELD_INVALID', '/expireTime');
  await refused({ expireTime: 'tomorrow' }, 'FIELD_INVALID', '/expireTime');
  await refused({ expireTime: '2027-13-01T00:00:00Z' }, 'FIELD_INVALID', '/expireTime');
  assert.equal(
    store.read((reader) => reader.revision()),
    before,
  );
});
