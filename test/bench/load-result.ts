/** What a generator of load saw. */
import { percentile } from './sample.js';

export interface LoadResult {
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Share of one core that the generator took, in percent: near 100, it is the limit, and not the server. */
  readonly generatorPercent: number;
}

/** Starts the clocks; what is returned reads them. */
export function beginLoad(): (latenciesMs: readonly number[]) => LoadResult {
  const cpuBefore = process.cpuUsage();
  const start = performance.now();
  return (latenciesMs) => {
    const elapsedMs = performance.now() - start;
    const { user, system } = process.cpuUsage(cpuBefore);
    return {
      requests: latenciesMs.length,
      requestsPerSecond: (latenciesMs.length * 1000) / elapsedMs,
      p50Ms: percentile(latenciesMs, 50),
      p99Ms: percentile(latenciesMs, 99),
      generatorPercent: (user + system) / 10 / elapsedMs,
    };
  };
}
