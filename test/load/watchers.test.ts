/** 1,000 watchers over both doors and 50 writers, for a minute: the server, the watchers and the writers each a process. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startWorker } from '../bench/worker.js';
import type { LvsdCalls } from '../bench/workers/lvsd.js';
import type { WatchersCalls } from '../bench/workers/watchers.js';
import { createRestClient, type RestClient } from '../support/rest-client.js';

const WATCHERS = 1_000;
const WRITERS = 50;
const SECONDS = 60;
/** Two cores carry the server, the watchers and the writers: some 10 writes in a second, each two revisions for each watcher. */
const PAUSE_MS = 5_000;
/** Connections that break in a second. */
const DROPS = 10;

/** Changes a cluster of its own until the time is over; returns how many writes there were. */
async function write(rest: RestClient, index: number, deadline: number): Promise<number> {
  const path = `/v1/projects/default/clusters/writer-${index}`;
  let writes = 0;
  await sleep((PAUSE_MS * index) / WRITERS);
  while (performance.now() < deadline) {
    const address = `192.0.2.${index + 1}`;
    const realServers = { web: { spec: { address: '10.0.0.1', weight: 1 + (writes % 100) } } };
    const body = { virtualServices: { http: { spec: { protocol: 'tcp', address, port: 80 }, realServers } } };
    const { status } = await rest('PUT', `${path}/definition`, { body });
    assert.ok(status === 200 || status === 201, String(status));
    writes += 1;
    await sleep(PAUSE_MS * (0.5 + Math.random()));
  }
  return writes;
}

test(`${WATCHERS} watchers see every revision of ${WRITERS} writers once and in order, also those that come back`, {
  timeout: 150_000,
}, async (t) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'lvsd-watchers-'));
  const server = startWorker<LvsdCalls>('lvsd');
  const watchers = startWorker<WatchersCalls>('watchers');
  t.after(async () => {
    await Promise.all([server.end(), watchers.end()]);
    rmSync(dataDir, { recursive: true, force: true });
  });
  const { httpPort, grpcPort, token } = await server.call('start', { dataDir, driver: 'memory' });
  const rest = createRestClient({ url: `http://127.0.0.1:${httpPort}`, adminToken: token });
  await watchers.call('open', { httpPort, grpcPort, token, count: WATCHERS });
  await watchers.call('dropSome', DROPS);

  const before = await server.call('usage');
  await server.call('watchLoop', 1);
  const began = performance.now();
  const deadline = began + SECONDS * 1000;
  const writes = await Promise.all(
    Array.from({ length: WRITERS }, (_, index) => write(rest, index, deadline)),
  );
  const seconds = (performance.now() - began) / 1000;
  const newest = await rest<{ items: { id: number }[] }>('GET', '/v1/audit-events?pageSize=1');
  const revision = newest.body.items[0]?.id ?? 0;
  const report = await watchers.call('reached', revision, 30_000);
  const after = await server.call('usage');
  const { p999Ms, longestMs } = await server.call('loopDelays');
  const cpu = (after.cpuMicros - before.cpuMicros) / seconds / 1e6;
  const done = writes.reduce((sum, one) => sum + one);
  t.diagnostic(
    `${done} writes, ${revision} revisions, ${report.events} events delivered in ${seconds.toFixed(0)} s, ` +
      `${report.resumed} connections dropped; server: ${(cpu * 100).toFixed(0)} % of a core, ` +
      `${Math.round(after.rssBytes / 1e6)} MB resident (${Math.round(before.rssBytes / 1e6)} before), ` +
      `event loop p99.9 ${p999Ms.toFixed(0)} ms, longest ${longestMs.toFixed(0)} ms`,
  );
  assert.deepEqual(report.faults, []);
  assert.equal(report.leastRevision, revision, 'every watcher came to the newest revision');
  assert.ok(done >= WRITERS * 5, `${done} writes`);
  assert.ok(report.resumed >= DROPS * SECONDS * 0.5);
});
