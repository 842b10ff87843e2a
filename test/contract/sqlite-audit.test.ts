import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import Database from 'better-sqlite3';
import { CHAIN_START, seal, unseal } from '../../src/audit/chain.js';
import { sqliteSource } from '../support/sqlite-source.js';
import { cluster, context } from './store/subject.js';

const EVENTS = 9;

const TRIGGERS = [
  'audit_events_are_never_changed',
  'audit_events_are_removed_only_when_archived',
  'audit_events_have_no_holes',
];

test('audit events can be neither changed nor removed nor replaced nor put elsewhere than at the end', async (t) => {
  const { db } = await filled(t);
  for (const statement of [
    "UPDATE audit_events SET hash = 'x' WHERE id = 3",
    'DELETE FROM audit_events WHERE id = 3',
    "INSERT OR REPLACE INTO audit_events (id, body, hash) VALUES (3, '{}', 'x')",
    "INSERT INTO audit_events (id, body, hash) VALUES (99, '{}', 'x')",
    "INSERT INTO audit_events (body, hash) VALUES ('{}', 'x')",
  ]) {
    assert.throws(() => db.exec(statement), /append-only/, statement);
  }
});

test('an edited event is found', async (t) => {
  const { db, verify } = await unprotected(t);
  db.exec(
    `UPDATE audit_events SET body = replace(body, '"principal":"ci"', '"principal":"me"') WHERE id = 4`,
  );
  await assertBroken(verify, 4, /edited/);
});

test('an edited event is found even when its hash was made anew', async (t) => {
  const { db, verify } = await unprotected(t);
  const body = text(db, 4).body.replace('"principal":"ci"', '"principal":"me"');
  const { id: _id, previousHash, hash: _hash, ...event } = unseal({ id: 4, body, hash: '' });
  const forged = seal(event, { id: 3, hash: previousHash });
  db.prepare('UPDATE audit_events SET body = ?, hash = ? WHERE id = 4').run(forged.body, forged.hash);
  await assertBroken(verify, 5, /does not follow event 4/);
});

test('a hole is found, at the start and in the middle', async (t) => {
  const { db, verify } = await unprotected(t);
  db.exec('DELETE FROM audit_events WHERE id IN (5, 6)');
  await assertBroken(verify, 7, /Events 5 to 6 are missing/);
  db.exec('DELETE FROM audit_events WHERE id = 1');
  await assertBroken(verify, 2, /Event 1 is missing/);
});

test('events that changed places are found', async (t) => {
  const { db, verify } = await unprotected(t);
  const [third, fourth] = [text(db, 3), text(db, 4)];
  const put = db.prepare('UPDATE audit_events SET body = ?, hash = ? WHERE id = ?');
  put.run(fourth.body, fourth.hash, 3);
  put.run(third.body, third.hash, 4);
  await assertBroken(verify, 3, /moved/);
});

test('a hole that was closed by moving the rest up is found', async (t) => {
  const { db, verify } = await unprotected(t);
  db.exec('DELETE FROM audit_events WHERE id = 4');
  for (let id = 5; id <= EVENTS; id += 1) {
    db.prepare('UPDATE audit_events SET id = id - 1 WHERE id = ?').run(id);
  }
  await assertBroken(verify, 4, /moved/);
});

test('a cut-off end is seen only by who kept the last hash: the rest is a whole chain', async (t) => {
  const { db, verify } = await unprotected(t);
  const kept = await verify();
  db.exec('DELETE FROM audit_events WHERE id > 6');
  const after = await verify();
  assert.deepEqual([after.intact, after.lastId, after.events], [true, 6, 6]);
  assert.notEqual(after.lastHash, kept.lastHash);
});

test('the hash of an event is the SHA-256 of its canonical JSON, so that others can check it too', () => {
  const { actor, transport, sourceAddress, requestId, reason, action } = context;
  const sealed = seal(
    {
      time: '2026-01-01T00:00:00.000Z',
      kind: 'auth',
      ...{ actor, transport, sourceAddress, requestId, reason, action },
      resource: 'tokens/ci',
      director: null,
      before: null,
      after: null,
      operations: [],
      durationMicros: null,
      detail: null,
    },
    CHAIN_START,
  );
  // printf '%s' BODY | sha256sum
  assert.equal(
    sealed.body,
    '{"action":"createCluster","actor":{"credentialId":"tokens/ci","principal":"ci","roles":["editor"]},"after":null,' +
      '"before":null,"detail":null,"director":null,"durationMicros":null,"id":1,"kind":"auth","operations":[],' +
      '"previousHash":"0000000000000000000000000000000000000000000000000000000000000000","reason":"a test",' +
      '"requestId":"request-1","resource":"tokens/ci","sourceAddress":"192.0.2.7","time":"2026-01-01T00:00:00.000Z",' +
      '"transport":"rest"}',
  );
  assert.equal(sealed.hash, 'ee34debbaf8063722af3ec4a69d7f4796669756b12e77e8e9bb4029a029ff7fb');
});

/** A store with nine events, and a second connection to its database. */
async function filled(t: TestContext) {
  const { file, open } = sqliteSource(t);
  const store = open();
  for (let n = 2; n <= EVENTS; n += 1) await store.write(context, (tx) => tx.put(cluster(`c${n}`)));
  const db = new Database(file);
  t.after(() => db.close());
  const verify = () => store.verify();
  assert.equal((await verify()).intact, true);
  return { db, verify };
}

/** Likewise, as somebody with write access to the file can make it. */
async function unprotected(t: TestContext) {
  const opened = await filled(t);
  for (const trigger of TRIGGERS) opened.db.exec(`DROP TRIGGER ${trigger}`);
  return opened;
}

function text(db: Database.Database, id: number): { body: string; hash: string } {
  const row = db
    .prepare<[number], { body: string; hash: string }>('SELECT body, hash FROM audit_events WHERE id = ?')
    .get(id);
  assert.ok(row);
  return row;
}

async function assertBroken(
  verify: Awaited<ReturnType<typeof filled>>['verify'],
  brokenAt: number,
  wanted: RegExp,
): Promise<void> {
  const { intact, brokenAt: found, detail } = await verify();
  assert.deepEqual([intact, found], [false, brokenAt]);
  assert.match(detail ?? '', wanted);
}
