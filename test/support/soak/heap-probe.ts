import { getHeapCodeStatistics } from 'node:v8';

/** Loaded into the server's process ahead of the command: says what it holds once everything that is garbage is gone. */
export interface Held {
  readonly rssBytes: number;
  /**
   * JavaScript objects and what they keep outside of the heap (buffers), after a full collection. Without code, which V8
   * compiles again and better for as long as a process runs (1.1 MiB in five minutes, by heap snapshots).
   */
  readonly heapBytes: number;
  /** Timers, sockets, pending calls and whatever else keeps an event loop busy. */
  readonly resources: number;
  readonly cpuMicros: number;
}

process.on('message', () => {
  globalThis.gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  const { code_and_metadata_size: code, bytecode_and_metadata_size: bytecode } = getHeapCodeStatistics();
  const { user, system } = process.cpuUsage();
  process.send?.({
    rssBytes: rss,
    heapBytes: heapUsed - code - bytecode + external,
    resources: process.getActiveResourcesInfo().length,
    cpuMicros: user + system,
  } satisfies Held);
});
// The channel to the test is no reason to go on.
process.channel?.unref();
