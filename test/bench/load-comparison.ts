/** Two servers under the same load, in turn: throughput, latency, and the processor time of each server. */
import type { Bench } from './bench.js';
import { alternate, type Comparison, type Target } from './sample.js';
import type { LoadResult } from './workers/http-load.js';

export interface Loaded {
  readonly label: string;
  /** Puts the server under load for so many seconds. */
  load(seconds: number): Promise<LoadResult>;
  /** Processor time of the server's process so far. */
  cpuMicros(): Promise<number>;
}

const WARM_UP_SECONDS = 1;

export async function compareLoads(
  { rounds, loadSeconds }: Bench,
  { lvsd, reference, what, target }: { lvsd: Loaded; reference: Loaded; what: string; target?: Target },
): Promise<Comparison[]> {
  const measured = { lvsd: emptyRounds(), reference: emptyRounds() };
  const round = async (name: keyof typeof measured) => {
    const server = { lvsd, reference }[name];
    const cpuBefore = await server.cpuMicros();
    const result = await server.load(loadSeconds);
    const cpuMicros = (await server.cpuMicros()) - cpuBefore;
    measured[name].p50.push(result.p50Ms);
    measured[name].p99.push(result.p99Ms);
    measured[name].cpu.push(cpuMicros / result.requests);
    return result.requestsPerSecond;
  };
  // Until the code that runs again and again is compiled.
  await lvsd.load(WARM_UP_SECONDS);
  await reference.load(WARM_UP_SECONDS);
  const rates = await alternate(rounds, { lvsd: () => round('lvsd'), reference: () => round('reference') });
  const comparison = (
    aspect: string,
    unit: Comparison['lvsd']['unit'],
    values: { lvsd: number[]; reference: number[] },
  ): Comparison => ({
    what: `${what}, ${aspect}`,
    lvsd: { label: lvsd.label, unit, rounds: values.lvsd },
    reference: { label: reference.label, unit, rounds: values.reference },
  });
  const of = (name: 'p50' | 'p99' | 'cpu') => ({
    lvsd: measured.lvsd[name],
    reference: measured.reference[name],
  });
  return [
    { ...comparison('throughput', 'requests/s', rates), ...(target && { target }) },
    comparison('p50', 'ms', of('p50')),
    comparison('p99', 'ms', of('p99')),
    comparison("processor time of the server's process", 'µs/request', of('cpu')),
  ];
}

function emptyRounds() {
  return { p50: [] as number[], p99: [] as number[], cpu: [] as number[] };
}
