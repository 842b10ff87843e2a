import type { BenchCase } from '../bench.js';
import { ECHO_UNARY, ECHO_WATCH } from '../echo-protocol.js';
import { UPDATE_REAL_SERVER, WATCH, weightChange } from '../grpc-messages.js';
import { WEIGHTS } from '../http-requests.js';
import { createLvsd } from '../lvsd-process.js';
import { alternate, percentile, type Sample } from '../sample.js';
import { startWorker } from '../worker.js';
import type { GrpcEchoCalls } from '../workers/grpc-echo.js';
import type { GrpcLoadCalls } from '../workers/grpc-load.js';

const WATCHERS = 1000;
const CHANGES_PER_ROUND = 10;
/** The change itself, and what the kernel did. */
const EVENTS_PER_CHANGE = 2;
/** One real server, so that the next round begins with a change too. */
const CHANGES = WEIGHTS.slice(0, CHANGES_PER_ROUND).map((weight) => weightChange(0, weight));

/** From the call that changes a weight until the last event of it has come to a watcher. */
export const watchers: BenchCase = {
  name: 'watchers',
  title: 'One change to 1,000 gRPC watchers, memory driver',
  place: 'host',
  limitSeconds: 300,
  async run(bench) {
    const lvsd = await createLvsd(bench, { size: 100, kernel: 'none' });
    const { grpcPort, token } = await lvsd.worker.call('start', { dataDir: lvsd.dataDir, driver: 'memory' });
    const generator = startWorker<GrpcLoadCalls>('grpc-load');
    const own = { port: grpcPort, token, watchPath: WATCH, changePath: UPDATE_REAL_SERVER };
    const common = { watchers: WATCHERS, changes: CHANGES, eventsPerChange: EVENTS_PER_CHANGE };
    // It compiles the code too.
    const { eventBytes } = await generator.call('watch', { ...own, ...common });
    const answerBytes = await generator.call('answerBytes', {
      ...{ port: grpcPort, token, path: UPDATE_REAL_SERVER },
      request: weightChange(0, 1),
    });
    const echo = startWorker<GrpcEchoCalls>('grpc-echo');
    const port = await echo.call('start', { answerBytes, eventBytes, events: EVENTS_PER_CHANGE });
    const floor = { port, token, watchPath: ECHO_WATCH, changePath: ECHO_UNARY };
    await generator.call('watch', { ...floor, ...common });

    const p99 = { lvsd: [] as number[], echo: [] as number[] };
    const measure = async (name: keyof typeof p99) => {
      const server = { lvsd: own, echo: floor }[name];
      const { latenciesMs } = await generator.call('watch', { ...server, ...common });
      p99[name].push(percentile(latenciesMs, 99));
      return percentile(latenciesMs, 50);
    };
    const p50 = await alternate(bench.rounds, { lvsd: () => measure('lvsd'), echo: () => measure('echo') });
    for (const worker of [echo, generator]) await worker.end();
    await lvsd.end();
    const sample = (label: string, rounds: readonly number[]): Sample => ({ label, unit: 'ms', rounds });
    const comparisons = [
      { aspect: 'p50', rounds: p50, target: { atMost: 2 } },
      { aspect: 'p99', rounds: p99, target: { atMost: 2 } },
    ].map(({ aspect, rounds, target }) => ({
      what: `one change to ${WATCHERS} watchers, ${aspect}`,
      lvsd: sample(`Watch, ${EVENTS_PER_CHANGE} events`, rounds.lvsd),
      reference: sample(`grpc-js broadcast of ${EVENTS_PER_CHANGE} × ${eventBytes} bytes`, rounds.echo),
      target,
    }));
    return { comparisons, figures: [] };
  },
};
