/** Two servers under the same load, in turn: throughput, latency, and the processor time of each server. */
import type { Bench } from './bench.js';
import type { LoadResult } from './load-result.js';
import { number } from './report.js';
import { alternate, type Comparison, type Point, type Sample, spreadOf, type Target } from './sample.js';

export interface Loaded {
  readonly label: string;
  /** Puts the server under load for so many seconds. */
  load(seconds: number): Promise<LoadResult>;
  /** Processor time of the server's process so far. */
  cpuMicros(): Promise<number>;
}

interface Compared {
  readonly lvsd: Loaded;
  readonly reference: Loaded;
  readonly what: string;
  /** Of the throughput. */
  readonly target?: Target;
  /** Where the processor time of a request stands on its curve. */
  readonly growth?: Point;
}

interface Round extends LoadResult {
  readonly cpuMicrosPerRequest: number;
}

const WARM_UP_SECONDS = 1;

export async function compareLoads(
  { rounds, loadSeconds }: Bench,
  { lvsd, reference, what, target, growth }: Compared,
): Promise<Comparison[]> {
  const servers = { lvsd, reference };
  const measured: Record<keyof typeof servers, Round[]> = { lvsd: [], reference: [] };
  const round = async (name: keyof typeof servers) => {
    const server = servers[name];
    const cpuBefore = await server.cpuMicros();
    const result = await server.load(loadSeconds);
    const cpuMicros = (await server.cpuMicros()) - cpuBefore;
    measured[name].push({ ...result, cpuMicrosPerRequest: cpuMicros / result.requests });
    return result.requestsPerSecond;
  };
  // Until the code that runs again and again is compiled.
  await lvsd.load(WARM_UP_SECONDS);
  await reference.load(WARM_UP_SECONDS);
  await alternate(rounds, { lvsd: () => round('lvsd'), reference: () => round('reference') });

  const comparison = (aspect: string, unit: Sample['unit'], of: keyof Round): Comparison => {
    const sample = (name: keyof typeof servers): Sample => ({
      label:
        of === 'requestsPerSecond'
          ? `${servers[name].label}; ${generatorText(measured[name])}`
          : servers[name].label,
      unit,
      rounds: measured[name].map((one) => one[of]),
    });
    return { what: `${what}, ${aspect}`, lvsd: sample('lvsd'), reference: sample('reference') };
  };
  return [
    { ...comparison('throughput', 'requests/s', 'requestsPerSecond'), ...(target && { target }) },
    comparison('p50', 'ms', 'p50Ms'),
    comparison('p99', 'ms', 'p99Ms'),
    {
      ...comparison("processor time of the server's process", 'µs/request', 'cpuMicrosPerRequest'),
      ...(growth && { point: growth }),
    },
  ];
}

/** Whether it, and not the server, could be the limit. */
function generatorText(rounds: readonly Round[]): string {
  const { median } = spreadOf(rounds.map(({ generatorPercent }) => generatorPercent));
  return `generator ${number(median)} % of a core`;
}
