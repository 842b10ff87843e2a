/** A process of its own that answers calls: what is measured shares neither event loop nor memory with who measures it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

// biome-ignore lint/complexity/noBannedTypes: a bound for interfaces of functions, which have no index signature
type Calls = {};
type Arguments<F> = F extends (...args: infer A) => unknown ? A : never;
type Answer<F> = F extends (...args: never[]) => infer R ? Awaited<R> : never;

interface Question {
  readonly id: number;
  readonly name: string;
  readonly args: readonly unknown[];
}

type Reply =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: string };

export interface Worker<C extends Calls> {
  readonly pid: number;
  /** Arguments and answer travel as structured clones. Rejects with the text of what the worker threw. */
  call<K extends keyof C & string>(name: K, ...args: Arguments<C[K]>): Promise<Answer<C[K]>>;
  /** Ends it at once. */
  end(): Promise<void>;
}

export interface WorkerOptions {
  /** The network namespace, and with it the IPVS table: that of this process by default, a new one, or that of a process. */
  readonly network?: 'own' | { readonly ofPid: number };
}

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Starts `workers/NAME.ts`. Node writes its CPU profile where LVSD_BENCH_PROFILE says. */
export function startWorker<C extends Calls>(name: string, options: WorkerOptions = {}): Worker<C> {
  const file = fileURLToPath(new URL(`workers/${name}.js`, import.meta.url));
  const profile = process.env.LVSD_BENCH_PROFILE;
  const flags = profile
    ? ['--cpu-prof', `--cpu-prof-dir=${profile}`, `--cpu-prof-name=${name}-${Date.now()}.cpuprofile`]
    : [];
  const node = [process.execPath, '--enable-source-maps', ...flags, file];
  const [command = '', ...args] = [...entering(options.network), ...node];
  const child = spawn(command, args, {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    serialization: 'advanced',
  });
  running.add(child);
  const ended = once(child, 'exit').finally(() => running.delete(child));
  const waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();
  let count = 0;

  child.on('message', (reply: Reply) => {
    const { resolve, reject } = waiting.get(reply.id) ?? {};
    waiting.delete(reply.id);
    if ('error' in reply) reject?.(new Error(`${name}: ${reply.error}`));
    else resolve?.(reply.value as never);
  });
  child.on('exit', (code, signal) => {
    for (const { reject } of waiting.values()) reject(new Error(`${name} ended: ${signal ?? code}`));
  });

  return {
    pid: child.pid ?? 0,
    call: (call, ...args) =>
      new Promise((resolve, reject) => {
        count += 1;
        waiting.set(count, { resolve, reject });
        child.send({ id: count, name: call, args } satisfies Question, (error) => error && reject(error));
      }),
    async end() {
      if (!running.has(child)) return;
      // An end of its own accord, so that a profile is written.
      child.disconnect();
      const limit = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await ended;
      clearTimeout(limit);
    },
  };
}

function entering(network: WorkerOptions['network']): string[] {
  if (network === undefined) return [];
  return network === 'own' ? ['unshare', '--net'] : ['nsenter', `--net=/proc/${network.ofPid}/ns/net`];
}

/** The worker's side: answers calls until its parent is gone. */
export function serveCalls<C extends Calls>(calls: C): void {
  process.on('message', async ({ id, name, args }: Question) => {
    try {
      const call = calls[name as keyof C] as (...args: readonly unknown[]) => unknown;
      process.send?.({ id, value: await call(...args) } satisfies Reply);
    } catch (error) {
      process.send?.({
        id,
        error: error instanceof Error ? (error.stack ?? error.message) : String(error),
      } satisfies Reply);
    }
  });
  process.on('disconnect', () => process.exit(0));
}
