import type { DirectorDriver, OperationResult } from '../driver/director-driver.js';
import type { Metrics } from './metrics.js';

/** The same driver, with every request timed and every operation counted. */
export function measuredDriver(driver: DirectorDriver, metrics: Metrics): DirectorDriver {
  async function timed<T>(request: string, work: () => Promise<T>): Promise<T> {
    const started = performance.now();
    try {
      return await work();
    } finally {
      metrics.observeKernelRequest(request, (performance.now() - started) / 1000);
    }
  }

  function counted<R extends Pick<OperationResult, 'error'> & { operation: { command: string } }>(
    results: R[],
  ): R[] {
    const done = new Map<string, number>();
    for (const { operation, error } of results) {
      const { command } = operation;
      if (error) metrics.observeKernelOperations(command, error.errnoName, 1);
      else done.set(command, (done.get(command) ?? 0) + 1);
    }
    for (const [command, count] of done) metrics.observeKernelOperations(command, 'ok', count);
    return results;
  }

  return {
    host: driver.host,
    info: () => timed('info', () => driver.info()),
    read: (options) => timed('read', () => driver.read(options)),
    outline: () => timed('outline', () => driver.outline()),
    readServices: (keys, options) => timed('read-services', () => driver.readServices(keys, options)),
    apply: async (operations) => counted(await timed('apply', () => driver.apply(operations))),
    readDirector: () => timed('read-director', () => driver.readDirector()),
    applyDirector: async (operations) =>
      counted(await timed('apply-director', () => driver.applyDirector(operations))),
    connections: (from) => driver.connections(from),
    close: () => driver.close(),
  };
}
