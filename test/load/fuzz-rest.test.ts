/** 20,000 requests, valid and hostile, made from the OpenAPI document; and bytes that are no requests. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { assertDocumented } from '../support/documented-answers.js';
import { assertConsistent } from '../support/fuzz/aftermath.js';
import { exchangeRaw, rawBytes } from '../support/fuzz/raw-http.js';
import { type FuzzRequest, restRequests } from '../support/fuzz/rest-requests.js';
import { type Answer, asCurl, type SentRequest } from '../support/fuzz/rest-sender.js';
import { fuzzSeed, REPORT } from '../support/fuzz/seed.js';
import { startFuzzSession } from '../support/fuzz/session.js';

const REQUESTS = 20_000;
const AT_ONCE = 20;
const RAW = 500;
/** The smaller ones are for the end: what failed among many is asked again among fewer. */
const batches = fc.array(restRequests, { minLength: 1, maxLength: AT_ONCE, size: 'max' });

const session = await startFuzzSession();
after(() => session.stop());

let sent = 0;
/** How often each status came. */
const statuses = new Map<number, number>();

async function ask(generated: FuzzRequest): Promise<void> {
  const request = session.prepare(generated);
  let answer: Answer | undefined;
  try {
    answer = await session.sender.send(request);
    check(request, answer);
  } catch (error) {
    const { message } = error as Error;
    assert.fail(`${message}\n\nto repeat it:\n${asCurl(request)}\n\nanswered ${JSON.stringify(answer)}`);
  }
  sent += 1;
  session.seen.note(answer.body);
  statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
}

function check({ method, path }: SentRequest, { status, mediaType, body }: Answer): void {
  assert.ok(status >= 200 && status < 500, `${method} ${path} answered ${status}`);
  if (method === 'HEAD') return;
  assertDocumented({ method, path: path.split('?', 1)[0] ?? '', status, mediaType, body });
}

test(`${REQUESTS} requests made from the document get documented answers, never a 5xx`, {
  timeout: 300_000,
}, async (t) => {
  t.diagnostic(`LVSD_FUZZ_SEED=${fuzzSeed}`);
  for (let round = 0; sent < REQUESTS; round += 1) {
    await fc.assert(
      fc.asyncProperty(batches, async (requests) => {
        await session.beforeBatch();
        await Promise.all(requests.map(ask));
      }),
      { seed: fuzzSeed + round, numRuns: 200, ...REPORT },
    );
  }
  t.diagnostic(
    `${sent} requests: ${[...statuses]
      .sort(([a], [b]) => a - b)
      .map(([status, times]) => `${times} × ${status}`)
      .join(', ')}`,
  );
  assert.ok(sent >= REQUESTS, `${sent} requests were sent`);
  for (const status of [200, 201, 204, 400, 401, 403, 404, 409, 412, 415]) {
    assert.ok(statuses.has(status), `no request got as far as ${status}`);
  }
});

test(`${RAW} connections with bytes that are hardly HTTP get problems or nothing, never a 5xx`, {
  timeout: 120_000,
}, async (t) => {
  t.diagnostic(`LVSD_FUZZ_SEED=${fuzzSeed}`);
  const port = Number(new URL(session.server.url).port);
  await fc.assert(
    fc.asyncProperty(fc.array(rawBytes, { minLength: 10, maxLength: 10 }), async (connections) => {
      for (const answer of await Promise.all(connections.map((bytes) => exchangeRaw(port, bytes)))) {
        for (const [head, status] of answer.matchAll(/^HTTP\/1\.1 (\d{3}) .*?\r\n\r\n/gms)) {
          assert.match(status ?? '', /^[1234]/, answer);
          if (Number(status) >= 400)
            assert.match(head, /^content-type: application\/problem\+json/im, answer);
        }
      }
    }),
    { seed: fuzzSeed, numRuns: RAW / 10, ...REPORT },
  );
});

test('after all of it kernel and definitions are one, and the audit chain is whole', async () => {
  await session.makeExamples();
  await assertConsistent(session.server);
});
