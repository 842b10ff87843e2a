/** Loaded into the server's process ahead of the command: says what it holds once everything that is garbage is gone. */
export interface Held {
  readonly rssBytes: number;
  /** JavaScript objects and what they keep outside of the heap (buffers), after a full collection. */
  readonly heapBytes: number;
  /** Timers, sockets, pending calls and whatever else keeps an event loop busy. */
  readonly resources: number;
  readonly cpuMicros: number;
}

process.on('message', () => {
  globalThis.gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  process.send?.({
    rssBytes: rss,
    heapBytes: heapUsed + external,
    resources: process.getActiveResourcesInfo().length,
    cpuMicros: user + system,
  } satisfies Held);
});
// The channel to the test is no reason to go on.
process.channel?.unref();
