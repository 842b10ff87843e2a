import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { createTokens } from '../../src/control/access/tokens.js';
import type { TokenSpec } from '../../src/domain/schema/token.js';
import { context } from '../contract/store/subject.js';
import { sqliteSource } from '../support/sqlite-source.js';

const START = Date.UTC(2026, 0, 1);
const editor: TokenSpec = { role: 'editor', expireTime: null };

function setUp(t: TestContext) {
  const source = sqliteSource(t);
  const clock = { now: START };
  const store = source.open({ clock: () => clock.now });
  const tokens = createTokens({ store, now: () => new Date(clock.now) });
  return { source, clock, store, tokens };
}

test('a token is found by its secret, which has 256 random bits and is never the same', async (t) => {
  const { tokens } = setUp(t);
  const { value } = await tokens.create(context, null, { name: 'ci', labels: { team: 'web' }, spec: editor });
  const other = await tokens.create(context, 'default', { name: 'ci', spec: { role: 'viewer' } });
  const { secret, ...token } = value;
  assert.match(secret, /^lvsd_[\w-]{43}$/);
  assert.notEqual(other.value.secret, secret);
  assert.deepEqual(tokens.find(secret), token);
  assert.deepEqual(tokens.get(null, 'ci'), token, 'nobody can ask for the secret');
  assert.deepEqual(token, {
    name: 'ci',
    project: null,
    labels: { team: 'web' },
    spec: editor,
    status: { state: 'active' },
    revision: token.revision,
    etag: `"${token.revision}"`,
    createTime: '2026-01-01T00:00:00.000Z',
    updateTime: '2026-01-01T00:00:00.000Z',
  });
  assert.equal(tokens.find(other.value.secret)?.project, 'default');
  assert.equal(tokens.find(`${secret}x`), undefined);
  assert.equal(tokens.find(''), undefined);
});

test('neither the database nor the audit log holds a secret', async (t) => {
  const { source, store, tokens } = setUp(t);
  const { secret } = (await tokens.create(context, null, { name: 'ci', spec: editor })).value;
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
  const spec = { ...editor, expireTime: '2026-01-01T02:00:00+01:00' };
  const { value: token } = await tokens.create(context, null, { name: 'ci', spec });
  const { secret } = token;
  assert.equal(token.spec.expireTime, '2026-01-01T01:00:00.000Z');
  clock.now = Date.parse('2026-01-01T00:59:59.999Z');
  assert.equal(tokens.find(secret)?.status.state, 'active');
  clock.now += 1;
  assert.equal(tokens.find(secret)?.status.state, 'expired');
});

test('a revoked token is found no more, and both changes are audited', async (t) => {
  const { store, tokens } = setUp(t);
  const { secret } = (
    await tokens.create({ ...context, action: 'createToken' }, null, { name: 'ci', spec: editor })
  ).value;
  await tokens.revoke({ ...context, action: 'deleteToken', reason: 'leaked' }, null, 'ci');
  assert.equal(tokens.find(secret), undefined);
  assert.deepEqual(tokens.list(null).items, []);
  const events = store.read((reader) => reader.events({ order: 'ascending', limit: 9, resource: 'tokens' }));
  assert.deepEqual(
    events.map(({ action, reason, resource }) => [action, reason, resource]),
    [
      ['createToken', context.reason, 'tokens/ci'],
      ['deleteToken', 'leaked', 'tokens/ci'],
    ],
  );
  await assert.rejects(tokens.revoke(context, null, 'ci'), { reason: 'TOKEN_NOT_FOUND' });
});

test('tokens are listed by name', async (t) => {
  const { tokens } = setUp(t);
  for (const name of ['b', 'c', 'a']) await tokens.create(context, null, { name, spec: editor });
  await tokens.create(context, 'default', { name: 'd', spec: editor });
  assert.deepEqual(
    tokens.list(null).items.map(({ name }) => name),
    ['a', 'b', 'c'],
  );
});

test('what cannot be a token is refused, with the reason, and nothing is stored', async (t) => {
  const { store, tokens } = setUp(t);
  await tokens.create(context, null, { name: 'taken', spec: editor });
  const before = store.read((reader) => reader.revision());
  const refused = async (body: object, reason: string, pointer?: string, project: string | null = null) => {
    await assert.rejects(
      tokens.create(context, project, { name: 'ci', spec: editor, ...body }),
      (error: { reason?: string; violations?: object[] }) => {
        assert.equal(error.reason, reason);
        const [violation] = (error.violations ?? []) as { pointer: string }[];
        assert.equal(violation?.pointer, pointer);
        return true;
      },
    );
  };
  const expiring = (expireTime: string) => ({ spec: { ...editor, expireTime } });
  await refused({ name: 'taken' }, 'NAME_TAKEN');
  await refused({ name: 'Not A Label' }, 'FIELD_INVALID', '/name');
  await refused({ spec: { role: 'root' } }, 'FIELD_INVALID', '/spec/role');
  await refused({ spec: {} }, 'FIELD_REQUIRED', '/spec/role');
  await refused({ spec: { ...editor, project: 'blog' } }, 'FIELD_UNKNOWN', '/spec/project');
  await refused({ secret: 'lvsd_chosen' }, 'FIELD_UNKNOWN', '/secret');
  await refused({}, 'PROJECT_NOT_FOUND', undefined, 'nowhere');
  await refused(expiring('2025-12-31T23:59:59Z'), 'FIELD_INVALID', '/spec/expireTime');
  await refused(expiring('2026-01-01T00:00:00Z'), 'FIELD_INVALID', '/spec/expireTime');
  await refused(expiring('tomorrow'), 'FIELD_INVALID', '/spec/expireTime');
  await refused(expiring('2027-13-01T00:00:00Z'), 'FIELD_INVALID', '/spec/expireTime');
  assert.equal(
    store.read((reader) => reader.revision()),
    before,
  );
});
