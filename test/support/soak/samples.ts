/** What a server holds, looked at again and again, and whether that grows. */
import assert from 'node:assert/strict';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { KernelServer } from '../kernel-server.js';
import type { Held } from './heap-probe.js';

export interface Sample extends Held {
  readonly seconds: number;
  /** Acknowledged so far. */
  readonly writes: number;
  /** Newest audit event. */
  readonly revision: number;
  readonly descriptors: number;
  readonly walBytes: number;
  readonly databaseBytes: number;
}

const MIB = 2 ** 20;

/**
 * What the heap may grow by between two thirds: half of a leak of 1 KiB for each write, and what warms up: what V8 notes
 * of types, pages of events of other sizes (0.7 MiB in five minutes, measured).
 */
const HEAP_BYTES_PER_WRITE = 512;
const HEAP_WARMING_BYTES = MIB;
/**
 * What resident memory may grow by: the caches of both SQLite connections (16 MiB each), which fill while the database
 * grows past them, within ten minutes here, and a twentieth, as allocators give memory back late and in pieces.
 */
const RSS_CACHES_BYTES = 32 * MIB;
const RSS_FACTOR = 1.05;
const DESCRIPTORS = 3;
/** SQLite writes the log back at 16 MiB; one that is read at that moment grows on until the next time. */
const WAL_LIMIT_BYTES = 64 * MIB;

export async function takeSample(
  server: KernelServer,
  progress: Pick<Sample, 'seconds' | 'writes' | 'revision'>,
): Promise<Sample> {
  const file = join(server.dataDir, 'lvsd.db');
  return {
    ...progress,
    ...(await server.ask<Held>('sample')),
    descriptors: readdirSync(`/proc/${server.pid}/fd`).length,
    walBytes: statSync(`${file}-wal`).size,
    databaseBytes: statSync(file).size,
  };
}

/**
 * Holds the last third of the samples against the first.
 *
 * Of each third the lowest value counts: what is in flight, and the page of events that the watchers' log has begun, is
 * only ever added to it, while what is never given back raises the lowest value too.
 */
export function assertNoGrowth(samples: readonly Sample[]): void {
  const { first, last, writes } = thirds(samples);
  const heap = floor(last, 'heapBytes') - floor(first, 'heapBytes');
  assert.ok(
    heap <= HEAP_BYTES_PER_WRITE * writes + HEAP_WARMING_BYTES,
    `the heap grew by ${heap} bytes in ${Math.round(writes)} writes: ${Math.round(heap / writes)} each`,
  );
  const [rssBefore, rss] = [floor(first, 'rssBytes'), floor(last, 'rssBytes')];
  assert.ok(
    rss <= rssBefore * RSS_FACTOR + RSS_CACHES_BYTES,
    `resident memory grew from ${mib(rssBefore)} to ${mib(rss)} MiB`,
  );
  for (const what of ['descriptors', 'resources'] as const) {
    const [then, now] = [floor(first, what), floor(last, what)];
    assert.ok(now <= then + DESCRIPTORS, `${what} grew from ${then} to ${now}`);
  }
  const wal = Math.max(...samples.map(({ walBytes }) => walBytes));
  assert.ok(wal <= WAL_LIMIT_BYTES, `the write-ahead log grew to ${wal} bytes`);
}

/** Lines of a table in Markdown: what was held at some moments, and what became of it. */
export function summary(samples: readonly Sample[]): string {
  const rows = Array.from(
    { length: 11 },
    (_, index) => samples[Math.round((index * (samples.length - 1)) / 10)],
  );
  const lines = rows
    .filter((row) => row !== undefined)
    .map((row) => [
      row.seconds.toFixed(0),
      row.writes,
      row.revision,
      mib(row.rssBytes),
      mib(row.heapBytes),
      row.descriptors,
      row.resources,
      mib(row.walBytes),
      mib(row.databaseBytes),
    ]);
  const heads = ['s', 'writes', 'events', 'RSS', 'heap', 'files', 'handles', 'WAL', 'database'];
  const { first, last, writes } = thirds(samples);
  const [begin, end] = [samples[0], samples.at(-1)] as [Sample, Sample];
  const growth = (what: 'heapBytes' | 'rssBytes') => floor(last, what) - floor(first, what);
  const database = end.databaseBytes - begin.databaseBytes;
  const seconds = end.seconds - begin.seconds;
  return [
    ...[heads, heads.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`),
    '',
    `In MiB. Lowest of the last third against the first, ${Math.round(writes)} writes apart: heap ` +
      `${signedKib(growth('heapBytes'))}, ${Math.round(growth('heapBytes') / writes)} bytes a write; RSS ${signedKib(growth('rssBytes'))}. ` +
      `Database: ${Math.round(database / (end.writes - begin.writes))} bytes a write, ` +
      `${Math.round(database / (end.revision - begin.revision))} an event. ` +
      `${((end.writes - begin.writes) / seconds).toFixed(1)} writes/s at ` +
      `${((end.cpuMicros - begin.cpuMicros) / seconds / 10_000).toFixed(0)} % of a core.`,
  ].join('\n');
}

interface Thirds {
  readonly first: readonly Sample[];
  readonly last: readonly Sample[];
  /** From the middle of the one to the middle of the other. */
  readonly writes: number;
}

function thirds(samples: readonly Sample[]): Thirds {
  const [begin, end] = [samples[0]?.seconds ?? 0, samples.at(-1)?.seconds ?? 0];
  const third = (end - begin) / 3;
  const first = samples.filter(({ seconds }) => seconds <= begin + third);
  const last = samples.filter(({ seconds }) => seconds >= end - third);
  return { first, last, writes: mean(last, 'writes') - mean(first, 'writes') };
}

type Figure = { [K in keyof Sample]: Sample[K] extends number ? K : never }[keyof Sample];

function floor(samples: readonly Sample[], what: Figure): number {
  return Math.min(...samples.map((sample) => sample[what]));
}

function mean(samples: readonly Sample[], what: Figure): number {
  return samples.reduce((sum, sample) => sum + sample[what], 0) / samples.length;
}

const mib = (bytes: number) => (bytes / MIB).toFixed(1);
const signedKib = (bytes: number) => `${bytes < 0 ? '' : '+'}${Math.round(bytes / 1024)} KiB`;
