/** How long the event loop of lvsd is held up by long work, and what a client that asks for one resource sees of it. */
import type { LvsdProcess } from './lvsd-process.js';
import { type Figure, percentile } from './sample.js';
import { startWorker } from './worker.js';
import type { Started } from './workers/lvsd.js';
import type { ProbeCalls } from './workers/probe.js';

const P999_TARGET = { atMost: 50 } as const;

/** Where a system call costs 100 µs, looking as often as on the host would be most of the load. */
const LOOKS = { host: { probeMs: 20, loopMs: 1 }, guest: { probeMs: 100, loopMs: 10 } };

export interface LongWork {
  readonly what: string;
  readonly lvsd: LvsdProcess;
  readonly server: Pick<Started, 'httpPort' | 'token'>;
  readonly place: keyof typeof LOOKS;
  /** Of a resource that is there meanwhile. */
  readonly path: string;
  work(): Promise<unknown>;
}

export async function loopBlocks({ what, lvsd, server, place, path, work }: LongWork): Promise<Figure[]> {
  const { probeMs, loopMs } = LOOKS[place];
  const probe = startWorker<ProbeCalls>('probe', { network: { ofPid: lvsd.worker.pid } });
  await probe.call('start', { port: server.httpPort, token: server.token, path, intervalMs: probeMs });
  await lvsd.worker.call('watchLoop', loopMs);
  await work();
  const { p999Ms, longestMs } = await lvsd.worker.call('loopDelays');
  const latencies = await probe.call('stop');
  await probe.end();
  const figure = (aspect: string, value: number): Figure => ({
    what: `${what}, ${aspect}`,
    value,
    unit: 'ms',
  });
  return [
    { ...figure('event loop p99.9', p999Ms), target: P999_TARGET },
    figure('event loop, longest', longestMs),
    figure('a GET meanwhile, p50', percentile(latencies, 50)),
    figure('a GET meanwhile, p99', percentile(latencies, 99)),
    figure('a GET meanwhile, longest', percentile(latencies, 100)),
  ];
}
