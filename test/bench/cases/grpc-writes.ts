import type { BenchCase } from '../bench.js';
import { range } from '../definition.js';
import { ECHO_UNARY } from '../echo-protocol.js';
import { UPDATE_REAL_SERVER, weightChange } from '../grpc-messages.js';
import { WEIGHTS } from '../http-requests.js';
import { compareLoads } from '../load-comparison.js';
import { createLvsd } from '../lvsd-process.js';
import { startWorker } from '../worker.js';
import type { GrpcEchoCalls } from '../workers/grpc-echo.js';
import type { GrpcLoadCalls } from '../workers/grpc-load.js';

const CALLERS = 64;
export const grpcWrites: BenchCase = {
  name: 'grpc-writes',
  title: 'Durable single writes of 64 concurrent gRPC calls, memory driver',
  place: 'host',
  limitSeconds: 300,
  async run(bench) {
    const lvsd = await createLvsd(bench, { size: 100, kernel: 'none' });
    const { grpcPort, token } = await lvsd.worker.call('start', { dataDir: lvsd.dataDir, driver: 'memory' });
    const generator = startWorker<GrpcLoadCalls>('grpc-load');
    const answerBytes = await generator.call('answerBytes', {
      ...{ port: grpcPort, token, path: UPDATE_REAL_SERVER },
      request: weightChange(0, 1),
    });
    const echo = startWorker<GrpcEchoCalls>('grpc-echo');
    const echoPort = await echo.call('start', { answerBytes, eventBytes: 0, events: 0 });
    const callers = range(CALLERS).map((caller) => WEIGHTS.map((weight) => weightChange(caller, weight)));
    const comparisons = await compareLoads(bench, {
      what: `gRPC writes, ${CALLERS} calls at a time`,
      lvsd: {
        label: 'UpdateRealServer',
        load: (seconds) =>
          generator.call('run', { port: grpcPort, token, path: UPDATE_REAL_SERVER, seconds, callers }),
        cpuMicros: async () => (await lvsd.worker.call('usage')).cpuMicros,
      },
      reference: {
        label: `grpc-js echo, ${answerBytes} bytes`,
        load: (seconds) =>
          generator.call('run', { port: echoPort, token, path: ECHO_UNARY, seconds, callers }),
        cpuMicros: () => echo.call('cpuMicros'),
      },
      target: { atLeast: 0.5 },
    });
    for (const worker of [echo, generator]) await worker.end();
    await lvsd.end();
    return { comparisons, figures: [] };
  },
};
