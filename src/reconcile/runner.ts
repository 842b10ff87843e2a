/** When to run; what runs is not its business. */
export interface Runner {
  start(): void;
  /** Asks for a run soon; many requests before it make one run. */
  trigger(): void;
  /** Resolves when a run under way has ended. None starts afterwards. */
  stop(): Promise<void>;
}

interface RunnerOptions {
  /** True: went well. False: try again after the retry interval, which doubles from failure to failure. */
  readonly run: (cause: 'interval' | 'retry' | 'trigger') => Promise<boolean>;
  /** Longest time from the end of a run to the next. */
  readonly maxIntervalMs: number;
  /** Shortest time from the end of a run to the next. */
  readonly minIntervalMs: number;
  /** First retry interval; it grows up to `maxIntervalMs`. */
  readonly retryIntervalMs: number;
}

/**
 * Guarantees: runs never overlap; a trigger during a run causes one more run after it; intervals count from the end of the
 * run before; a success ends the retries.
 */
export function createRunner({ run, maxIntervalMs, minIntervalMs, retryIntervalMs }: RunnerOptions): Runner {
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let triggered = false;
  let failures = 0;
  let stopped = true;
  let endOfLastRun = 0;

  function schedule(): void {
    if (stopped || running) return;
    clearTimeout(timer);
    const cause = triggered ? 'trigger' : failures > 0 ? 'retry' : 'interval';
    const wait = {
      trigger: Math.max(0, endOfLastRun + minIntervalMs - performance.now()),
      retry: Math.min(maxIntervalMs, retryIntervalMs * 2 ** Math.min(failures - 1, 30)),
      interval: maxIntervalMs,
    }[cause];
    timer = setTimeout(() => {
      running = runOnce(cause);
    }, wait);
  }

  async function runOnce(cause: 'interval' | 'retry' | 'trigger'): Promise<void> {
    triggered = false;
    const well = await run(cause).catch(() => false);
    failures = well ? 0 : failures + 1;
    endOfLastRun = performance.now();
    running = undefined;
    schedule();
  }

  return {
    start() {
      stopped = false;
      schedule();
    },
    trigger() {
      triggered = true;
      schedule();
    },
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
