import type { BenchCase } from '../bench.js';
import { ECHO_UNARY, ECHO_WATCH } from '../echo-paths.js';
import { UPDATE_REAL_SERVER, WATCH, weightChange } from '../grpc-messages.js';
import { WEIGHTS } from '../http-requests.js';
import { createLvsd } from '../lvsd-process.js';
import { alternate, percentile, type Sample } from '../sample.js';
import { startWorker } from '../worker.js';
import type { GrpcEchoCalls } from '../workers/grpc-echo.js';
import type { GrpcLoadCalls } from '../workers/grpc-load.js';

const WATCHERS = 1000;
const CHANGES_PER_ROUND = 5;
/** The change itself, and what the kernel did. */
const EVENTS_PER_CHANGE = 2;
/** About that of an event as a Watch sends it. */
const EVENT_BYTES = 700;

/** From the call that changes a weight until the last event of it has come to a watcher. */
export const watchers: BenchCase = {
  name: 'watchers',
  title: 'One change to 1,000 gRPC watchers, memory driver',
  place: 'host',
  limitSeconds: 300,
  usesSeeds: true,
  async run(bench) {
    const lvsd = await createLvsd(bench, { size: 100, kernel: 'none' });
    const { grpcPort, token } = await lvsd.worker.call('start', { dataDir: lvsd.dataDir, driver: 'memory' });
    const echo = startWorker<GrpcEchoCalls>('grpc-echo');
    const echoPort = await echo.call('start', {
      answerBytes: 350,
      broadcastBytes: EVENT_BYTES,
      broadcasts: EVENTS_PER_CHANGE,
    });
    const generator = startWorker<GrpcLoadCalls>('grpc-load');
    const p99 = { lvsd: [] as number[], echo: [] as number[] };
    const measure = async (name: 'lvsd' | 'echo') => {
      const paths = {
        lvsd: { port: grpcPort, watchPath: WATCH, changePath: UPDATE_REAL_SERVER },
        echo: { port: echoPort, watchPath: ECHO_WATCH, changePath: ECHO_UNARY },
      }[name];
      const latencies = await generator.call('watch', {
        ...paths,
        token,
        watchers: WATCHERS,
        // One real server, so that the next round begins with a change too.
        changes: WEIGHTS.slice(0, CHANGES_PER_ROUND).map((weight) => weightChange(0, weight)),
        messagesPerChange: EVENTS_PER_CHANGE,
      });
      p99[name].push(percentile(latencies, 99));
      return percentile(latencies, 50);
    };
    await measure('lvsd');
    await measure('echo');
    for (const values of Object.values(p99)) values.length = 0;
    const p50 = await alternate(bench.rounds, { lvsd: () => measure('lvsd'), echo: () => measure('echo') });
    for (const worker of [echo, generator]) await worker.end();
    await lvsd.end();
    const sample = (label: string, rounds: readonly number[]): Sample => ({ label, unit: 'ms', rounds });
    const comparisons = [
      { what: 'p50', lvsd: p50.lvsd, reference: p50.echo, target: { atMost: 2 } },
      { what: 'p99', lvsd: p99.lvsd, reference: p99.echo },
    ].map(({ lvsd: own, reference, ...rest }) => ({
      ...rest,
      lvsd: sample('Watch', own),
      reference: sample('grpc-js broadcast of constants', reference),
    }));
    return { comparisons, figures: [] };
  },
};
