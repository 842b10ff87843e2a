import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventStream, type Frame } from '../../src/api-rest/event-stream.js';

const frame = (id: number): Frame => ({ id: String(id), event: 'change', data: `{"id":${id}}` });

async function all(chunks: AsyncIterable<string>): Promise<string[]> {
  const found: string[] = [];
  for await (const chunk of chunks) found.push(chunk);
  return found;
}

test('an event has its id, its kind and one line of data', async () => {
  async function* source() {
    yield frame(1);
    yield frame(2);
  }
  const [retry, ...events] = await all(eventStream(source()));
  assert.match(retry ?? '', /^retry: \d+\n\n$/);
  assert.deepEqual(events, [
    'id: 1\nevent: change\ndata: {"id":1}\n\n',
    'id: 2\nevent: change\ndata: {"id":2}\n\n',
  ]);
});

test('a silent source is heard of by comments, and no event is lost to one', async () => {
  async function* source() {
    await sleep(100);
    yield frame(1);
    await sleep(100);
    yield frame(2);
  }
  const chunks = await all(eventStream(source(), 20));
  const comments = chunks.filter((chunk) => /^: .*\n\n$/.test(chunk));
  assert.ok(comments.length >= 4, `${comments.length} comments`);
  assert.deepEqual(
    chunks.filter((chunk) => chunk.startsWith('id')).map((chunk) => chunk.split('\n')[0]),
    ['id: 1', 'id: 2'],
  );
});

test('a source that fails fails the stream', async () => {
  // biome-ignore lint/correctness/useYield: it fails before it yields
  async function* source(): AsyncGenerator<Frame> {
    throw new Error('broken');
  }
  await assert.rejects(all(eventStream(source())), /broken/);
});

test('a source that fails after its reader has gone harms nobody', async () => {
  async function* source() {
    yield frame(1);
    await sleep(20);
    throw new Error('too late');
  }
  const stream = eventStream(source());
  for (let read = 0; read < 2; read += 1) await stream.next();
  await stream.return(undefined);
  // An unhandled rejection would end the process.
  await sleep(50);
});

test('nothing more is taken from the source than its reader has read, but for one', async () => {
  let taken = 0;
  async function* source() {
    for (;;) yield frame(++taken);
  }
  const stream = eventStream(source());
  for (let read = 0; read < 4; read += 1) await stream.next();
  assert.ok(taken <= 5, `${taken} taken`);
  await stream.return(undefined);
});
