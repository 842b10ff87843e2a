/** The production command `lvsd serve` on the kernel it runs on: a child process that tests start, kill and start again. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ipvsadm } from './ipvsadm.js';
import { createRest, type Rest } from './kernel-rest.js';

/** As seen from dist/test/support. */
const COMMAND = fileURLToPath(new URL('../../../bin/lvsd', import.meta.url));

/** Where a guest's kernel has its modules; a director's has them at /lib/modules. */
const MODULES = '/usr/lib/uml/modules';

/** A start takes about two seconds in a guest; with the neighbours' load, some more. */
const START_LIMIT_MS = 60_000;
const POLL_MS = 20;

/** Long enough that no pass comes by itself in the middle of a test. */
export const NO_INTERVAL = 3600;

export interface KernelServerOptions {
  /** LVSD_RECONCILE_INTERVAL, in seconds. */
  readonly intervalSeconds: number;
  /** LVSD_DRIVER; default: netlink. */
  readonly driver?: 'netlink' | 'memory';
  /** A module that is loaded into the server's process ahead of the command, with `--expose-gc`; `ask` talks to it. */
  readonly preload?: URL;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly milliseconds: number;
}

export interface KernelServer {
  readonly dataDir: string;
  readonly restUrl: string;
  /** host:port. */
  readonly grpcAddress: string;
  /** Of the process that runs. */
  readonly pid: number;
  /** Calls with the admin token that the first start wrote. */
  readonly rest: Rest;
  /** Everything that the command has printed, all starts together. */
  readonly log: string;
  token(): Promise<string>;
  /** Runs the command and returns at once; `ready` tells when it answers. */
  launch(): void;
  /** Resolves when REST answers. Rejects, with the log, when the command ends before. */
  ready(): Promise<void>;
  /** `launch` and `ready`. */
  start(): Promise<void>;
  /** Sends the signal and waits for the end. */
  end(signal: 'SIGKILL' | 'SIGTERM'): Promise<Ended>;
  /** Stops the process in its tracks, or lets it go on. */
  pause(): void;
  resume(): void;
  /** Sends a message to the preloaded module and resolves to the next one from there. */
  ask<T>(message: string): Promise<T>;
  /** Runs another verb of the command on the same data directory, or a second server. */
  run(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }>;
}

const atEnd: (() => unknown)[] = [];
// Of the test file that imports this: a server that was started in a hook or test lives until then.
after(async () => {
  for (const end of atEnd.splice(0)) await end();
});

/** Work for when all tests of the file have run, whoever asks for it, hooks and tests included. */
export function whenFileEnds(work: () => unknown): void {
  atEnd.push(work);
}

/** A server that is not running yet, with a data directory and ports of its own. It ends with the test file. */
export async function createKernelServer(options: KernelServerOptions): Promise<KernelServer> {
  const dataDir = await mkdtemp(join(tmpdir(), 'lvsd-'));
  const [httpPort, grpcPort] = [await freePort(), await freePort()];
  const restUrl = `http://127.0.0.1:${httpPort}`;
  const environment = {
    ...process.env,
    LVSD_HTTP: `127.0.0.1:${httpPort}`,
    LVSD_GRPC: `127.0.0.1:${grpcPort}`,
    LVSD_DATA_DIR: dataDir,
    LVSD_DRIVER: options.driver ?? 'netlink',
    LVSD_MODULES_DIR: MODULES,
    LVSD_RECONCILE_INTERVAL: String(options.intervalSeconds),
    LVSD_LOG: 'info',
  };
  let child: ChildProcess | undefined;
  let log = '';
  let secret: string | undefined;
  const token = async () => {
    secret ??= (await readFile(join(dataDir, 'admin-token'), 'utf8')).trim();
    return secret;
  };

  function spawnCommand(args: readonly string[], env: NodeJS.ProcessEnv): ChildProcess {
    return spawn(process.execPath, [COMMAND, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  }

  function spawnServer(): ChildProcess {
    const { preload } = options;
    if (!preload) return spawnCommand(['serve'], environment);
    return spawn(process.execPath, ['--expose-gc', `--import=${preload}`, COMMAND, 'serve'], {
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
  }

  const server: KernelServer = {
    dataDir,
    restUrl,
    grpcAddress: `127.0.0.1:${grpcPort}`,
    rest: createRest(restUrl, token),
    get log() {
      return log;
    },
    get pid() {
      assert.ok(child?.pid !== undefined && isRunning(child), 'the server does not run');
      return child.pid;
    },
    token,
    launch() {
      assert.ok(!isRunning(child), 'the server runs already');
      child = spawnServer();
      for (const stream of [child.stdout, child.stderr]) {
        stream?.setEncoding('utf8').on('data', (text: string) => {
          log += text;
        });
      }
    },
    async ready() {
      const limit = performance.now() + START_LIMIT_MS;
      while (!(await answers(restUrl))) {
        if (!isRunning(child)) throw new Error(`the server ended at its start:\n${log.slice(-4000)}`);
        if (performance.now() > limit) throw new Error(`the server does not answer:\n${log.slice(-4000)}`);
        await sleep(POLL_MS);
      }
    },
    async start() {
      server.launch();
      await server.ready();
    },
    async end(signal) {
      const running = child;
      assert.ok(running && isRunning(running), 'the server does not run');
      const started = performance.now();
      running.kill(signal);
      const [code, by] = (await once(running, 'exit')) as [number | null, NodeJS.Signals | null];
      return { code, signal: by, milliseconds: performance.now() - started };
    },
    pause: () => child?.kill('SIGSTOP'),
    resume: () => child?.kill('SIGCONT'),
    async ask<T>(message: string) {
      assert.ok(child && isRunning(child), 'the server does not run');
      const answer = once(child, 'message', { signal: AbortSignal.timeout(START_LIMIT_MS) });
      child.send(message);
      const [value] = await answer;
      return value as T;
    },
    async run(...args) {
      const other = spawnCommand(args, {
        ...environment,
        LVSD_HTTP: '127.0.0.1:0',
        LVSD_GRPC: '127.0.0.1:0',
      });
      let [stdout, stderr] = ['', ''];
      other.stdout?.setEncoding('utf8').on('data', (text: string) => {
        stdout += text;
      });
      other.stderr?.setEncoding('utf8').on('data', (text: string) => {
        stderr += text;
      });
      const limit = setTimeout(() => other.kill('SIGKILL'), START_LIMIT_MS);
      const [code] = (await once(other, 'close')) as [number | null];
      clearTimeout(limit);
      return { code, stdout, stderr };
    },
  };
  whenFileEnds(async () => {
    if (isRunning(child)) await server.end('SIGKILL');
  });
  return server;
}

/** As `createKernelServer`, and running. */
export async function startKernelServer(options: KernelServerOptions): Promise<KernelServer> {
  const server = await createKernelServer(options);
  await server.start();
  return server;
}

/** Runs the body of a test; when it fails, shows the kernel's table and the end of the server's log. */
export async function explained(
  t: TestContext,
  server: KernelServer,
  body: () => Promise<void>,
): Promise<void> {
  try {
    await body();
  } catch (error) {
    t.diagnostic(`the kernel's table:\n${await ipvsadm('-Ln')}`);
    t.diagnostic(`the server's log:\n${server.log.slice(-6000)}`);
    throw error;
  }
}

/** Polls until the check passes; throws what it threw last when it does not in time. */
export async function eventually(limitMs: number, check: () => Promise<void>): Promise<void> {
  const limit = performance.now() + limitMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() > limit) throw error;
    }
    await sleep(100);
  }
}

function isRunning(child: ChildProcess | undefined): child is ChildProcess {
  return child !== undefined && child.exitCode === null && child.signalCode === null;
}

async function answers(restUrl: string): Promise<boolean> {
  return fetch(`${restUrl}/healthz`, { signal: AbortSignal.timeout(5000) }).then(
    ({ ok }) => ok,
    () => false,
  );
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
