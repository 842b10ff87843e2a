/** lvsd as it runs in production, in a process whose time, memory and event loop can be asked for. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { promisify } from 'node:util';
import Database from 'better-sqlite3';
import { createNetlinkDriver } from '../../../src/driver/netlink/client.js';
import { type RunningServer, startServer } from '../../../src/server.js';
import { realServerPath } from '../definition.js';
import { timed } from '../sample.js';
import { serveCalls } from '../worker.js';

const execute = promisify(execFile);

export interface Started {
  /** Until both APIs answer, from the modules loaded. */
  readonly milliseconds: number;
  readonly httpPort: number;
  readonly grpcPort: number;
  readonly token: string;
  /** Time that the first pass over the table took. */
  readonly passMilliseconds: number;
}

export interface LoopDelays {
  readonly p999Ms: number;
  readonly longestMs: number;
}

export interface Usage {
  /** Processor time since the process began. */
  readonly cpuMicros: number;
  readonly rssBytes: number;
  readonly heapUsedBytes: number;
  readonly heapTotalBytes: number;
  readonly externalBytes: number;
}

export interface LvsdCalls {
  start(options: { dataDir: string; driver: 'netlink' | 'memory' }): Promise<Started>;
  stop(): Promise<void>;
  usage(): Usage;
  watchLoop(): void;
  loopDelays(): LoopDelays;
  /** Milliseconds of a REST call from this process, which serves it too. */
  put(path: string, body: string): Promise<number>;
  reconcile(): Promise<number>;
  /** Milliseconds of each of so many weight changes of different real servers, one after the other. */
  changeWeights(services: number, count: number): Promise<number[]>;
  /** Milliseconds of the driver's read of the whole table. */
  readTable(): Promise<number>;
  /** Milliseconds of opening a database and reading every row of what the server reads at start. */
  readRows(dataDir: string): Promise<number>;
  /** Milliseconds of a command in this network namespace; its output is read and dropped. */
  run(command: string, ...args: string[]): Promise<number>;
}

const HOST = '127.0.0.1';
/** Nothing comes unasked while something is measured. */
const NO_INTERVAL_SECONDS = 3600;
const MAX_OUTPUT_BYTES = 256 * 2 ** 20;

let server: RunningServer | undefined;
let token = '';
let histogram: IntervalHistogram | undefined;
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

serveCalls<LvsdCalls>({
  async start({ dataDir, driver }) {
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
        reconcileIntervalSeconds: NO_INTERVAL_SECONDS,
      });
    });
    token = readFileSync(join(dataDir, 'admin-token'), 'utf8').trim();
    const director = await (await call('GET', '/v1/directors/local')).json();
    const passMilliseconds = (director as { lastReconciliation: { durationMs: number } }).lastReconciliation
      .durationMs;
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
    const { rss, heapUsed, heapTotal, external } = process.memoryUsage();
    return {
      cpuMicros: user + system,
      rssBytes: rss,
      heapUsedBytes: heapUsed,
      heapTotalBytes: heapTotal,
      externalBytes: external,
    };
  },
  watchLoop() {
    histogram = monitorEventLoopDelay({ resolution: 1 });
    histogram.enable();
  },
  loopDelays() {
    histogram?.disable();
    return { p999Ms: (histogram?.percentile(99.9) ?? 0) / 1e6, longestMs: (histogram?.max ?? 0) / 1e6 };
  },
  put: (path, body) => timed(() => call('PUT', path, body)),
  reconcile: () => timed(() => call('POST', '/v1/directors/local/reconciliations')),
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
  run: (command, ...args) => timed(() => execute(command, args, { maxBuffer: MAX_OUTPUT_BYTES })),
});
