/** lvsd as it runs in production, in a process whose time, memory and event loop can be asked for. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { getHeapSpaceStatistics } from 'node:v8';
import Database from 'better-sqlite3';
import type { Director, Reconciliation } from '../../../src/domain/schema/director.js';
import { createNetlinkDriver } from '../../../src/driver/netlink/client.js';
import { type RunningServer, startServer } from '../../../src/server.js';
import { realServerPath } from '../definition.js';
import { timed } from '../sample.js';
import { serveCalls } from '../worker.js';

export interface Started {
  /** Until both APIs answer, from the modules loaded. */
  readonly milliseconds: number;
  readonly httpPort: number;
  readonly grpcPort: number;
  readonly token: string;
  /** Time that the first pass over the table took. */
  readonly passMilliseconds: number;
}

export interface StartOptions {
  readonly dataDir: string;
  readonly driver: 'netlink' | 'memory';
  /** Between passes that come by themselves. Default: none comes while something is measured. */
  readonly intervalSeconds?: number;
}

export interface LoopDelays {
  readonly p999Ms: number;
  readonly longestMs: number;
}

export interface Usage {
  /** Processor time since the process began. */
  readonly cpuMicros: number;
  readonly rssBytes: number;
  /** Of that, pages of files: the program and its libraries. */
  readonly fileBytes: number;
  /** Resident parts of V8's heap by the names of its spaces. */
  readonly heapSpaces: Readonly<Record<string, number>>;
  readonly heapUsedBytes: number;
  /** Outside the heap, kept by objects in it. */
  readonly externalBytes: number;
}

export interface LvsdCalls {
  start(options: StartOptions): Promise<Started>;
  stop(): Promise<void>;
  usage(): Usage;
  /** With a timer of so many milliseconds, whose lateness is the event loop's. */
  watchLoop(resolutionMs: number): void;
  loopDelays(): LoopDelays;
  /** Milliseconds of a REST call from this process, which serves it too. */
  write(method: 'PUT' | 'POST', path: string, body: string): Promise<number>;
  reconcile(): Promise<number>;
  /** Milliseconds of each of the next so many passes that come by themselves. */
  ownPasses(count: number): Promise<number[]>;
  /** Milliseconds of each of so many weight changes of different real servers, one after the other. */
  changeWeights(services: number, count: number): Promise<number[]>;
  /** Milliseconds of the driver's read of the whole table. */
  readTable(): Promise<number>;
  /** Milliseconds of opening a database and reading every row of what the server reads at start. */
  readRows(dataDir: string): Promise<number>;
}

const HOST = '127.0.0.1';
const NO_INTERVAL_SECONDS = 3600;
const POLL_MS = 200;

let server: RunningServer | undefined;
let token = '';
let histogram: IntervalHistogram | undefined;
let histogramMs = 0;
let weight = 1;

async function call(method: string, path: string, body?: string): Promise<Response> {
  const response = await fetch(`http://${HOST}:${server?.http.port}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body }),
  });
  const text = await response.text();
  if (response.status !== 200 && response.status !== 201)
    throw new Error(`${response.status} ${text.slice(0, 2000)}`);
  return new Response(text);
}

async function lastReconciliation(): Promise<Reconciliation> {
  const director = (await (await call('GET', '/v1/directors/local')).json()) as Director;
  if (!director.lastReconciliation) throw new Error('there was no pass yet');
  return director.lastReconciliation;
}

serveCalls<LvsdCalls>({
  async start({ dataDir, driver, intervalSeconds = NO_INTERVAL_SECONDS }) {
    const milliseconds = await timed(async () => {
      server = await startServer({
        dataDir,
        driver,
        modulesDir: process.env.LVSD_MODULES_DIR ?? '/lib/modules',
        logLevel: 'error',
        http: { host: HOST, port: 0 },
        grpc: { host: HOST, port: 0 },
        tls: null,
        accessFile: null,
        allowedHosts: [],
        corsOrigins: [],
        rateLimit: null,
        maxStreams: 2000,
        auditArchiveDir: join(dataDir, 'audit-archive'),
        auditRetentionDays: null,
        readOnly: false,
        reconcileIntervalSeconds: intervalSeconds,
      });
    });
    token = readFileSync(join(dataDir, 'admin-token'), 'utf8').trim();
    const { durationMs: passMilliseconds } = await lastReconciliation();
    return {
      milliseconds,
      httpPort: server?.http.port ?? 0,
      grpcPort: server?.grpc.port ?? 0,
      token,
      passMilliseconds,
    };
  },
  async stop() {
    await server?.stop();
    server = undefined;
  },
  usage() {
    const { user, system } = process.cpuUsage();
    const { rss, heapUsed, external } = process.memoryUsage();
    const fileKib = /^RssFile:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    return {
      cpuMicros: user + system,
      rssBytes: rss,
      fileBytes: Number(fileKib) * 1024,
      heapSpaces: Object.fromEntries(
        getHeapSpaceStatistics().map((space) => [space.space_name, space.physical_space_size]),
      ),
      heapUsedBytes: heapUsed,
      externalBytes: external,
    };
  },
  watchLoop(resolutionMs) {
    histogramMs = resolutionMs;
    histogram = monitorEventLoopDelay({ resolution: resolutionMs });
    histogram.enable();
  },
  loopDelays() {
    histogram?.disable();
    // From one tick of the timer to the next.
    const late = (nanoseconds = 0) => Math.max(0, nanoseconds / 1e6 - histogramMs);
    return { p999Ms: late(histogram?.percentile(99.9)), longestMs: late(histogram?.max) };
  },
  write: (method, path, body) => timed(() => call(method, path, body)),
  reconcile: () => timed(() => call('POST', '/v1/directors/local/reconciliations')),
  async ownPasses(count) {
    const passes = new Map<string, number>();
    while (passes.size < count) {
      const { trigger, time, durationMs } = await lastReconciliation();
      if (trigger === 'interval') passes.set(time, durationMs);
      await sleep(POLL_MS);
    }
    return [...passes.values()];
  },
  async changeWeights(services, count) {
    const latencies: number[] = [];
    weight = weight === 100 ? 1 : weight + 1;
    for (let index = 0; index < count; index += 1) {
      const body = JSON.stringify({ spec: { weight } });
      latencies.push(
        await timed(() =>
          call('PATCH', realServerPath(index % services, Math.floor(index / services) % 10), body),
        ),
      );
    }
    return latencies;
  },
  async readTable() {
    const driver = createNetlinkDriver();
    try {
      return await timed(() => driver.read());
    } finally {
      driver.close();
    }
  },
  readRows: (dataDir) =>
    timed(() => {
      const db = new Database(join(dataDir, 'lvsd.db'), { readonly: true });
      db.prepare('SELECT key, path, state, config, revision FROM entries ORDER BY key').raw().all();
      db.close();
    }),
});
