import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { frameText, pacedStream } from '../../src/api-rest/event-stream.js';

const patient = { stallMs: 10_000, farewell: () => assert.fail('nobody is slow here') };

async function* endless(size: number, counted: { taken: number; ended: boolean }): AsyncGenerator<Buffer> {
  try {
    for (;;) {
      counted.taken += 1;
      yield Buffer.alloc(size, 'x');
    }
  } finally {
    counted.ended = true;
  }
}

test('a frame has its id, its kind and one line of data; one without an id leaves that of the frame before', () => {
  assert.equal(
    frameText({ id: '1', event: 'change', data: '{"id":1}' }),
    'id: 1\nevent: change\ndata: {"id":1}\n\n',
  );
  assert.equal(frameText({ event: 'error', data: '{}' }), 'event: error\ndata: {}\n\n');
});

test('a stream has the chunks of its source and ends with it', async () => {
  async function* source() {
    yield 'a';
    await sleep(10);
    yield Buffer.from('b');
  }
  assert.equal(Buffer.concat(await pacedStream(source(), patient).toArray()).toString(), 'ab');
});

test('a source that fails fails the stream', async () => {
  // biome-ignore lint/correctness/useYield: it fails before it yields
  async function* source(): AsyncGenerator<string> {
    throw new Error('broken');
  }
  await assert.rejects(pacedStream(source(), patient).toArray(), /broken/);
});

test('a source that fails after its reader has gone harms nobody', async () => {
  async function* source() {
    yield 'a';
    await sleep(20);
    throw new Error('too late');
  }
  const stream = pacedStream(source(), patient);
  stream.once('data', () => stream.destroy());
  // An unhandled rejection would end the process.
  await sleep(60);
  assert.ok(stream.destroyed);
});

test('a reader that takes nothing holds a bounded piece of the stream, and is told goodbye when its time is over', async () => {
  const counted = { taken: 0, ended: false };
  const stream = pacedStream(endless(1024, counted), { stallMs: 100, farewell: () => 'goodbye' });
  stream.read(0);
  await sleep(50);
  assert.ok(counted.taken <= 20, `${counted.taken} KiB taken for nobody`);
  await sleep(80);
  const text = Buffer.concat(await stream.toArray()).toString();
  assert.match(text, /^x+goodbye$/);
});

test('a reader that does not even come for the goodbye loses its connection, and the source is ended', async () => {
  const counted = { taken: 0, ended: false };
  const stream = pacedStream(endless(1024, counted), { stallMs: 50, farewell: () => 'goodbye' });
  stream.read(0);
  await sleep(200);
  assert.ok(stream.destroyed);
  assert.ok(counted.ended);
});

test('a reader that pauses for less than its time, again and again, gets everything', async () => {
  const counted = { taken: 0, ended: false };
  const stream = pacedStream(endless(16 * 1024, counted), {
    stallMs: 500,
    farewell: () => assert.fail('it reads'),
  });
  let read = 0;
  for await (const chunk of stream) {
    read += (chunk as Buffer).length;
    await sleep(100);
    if (read >= 10 * 16 * 1024) break;
  }
});
