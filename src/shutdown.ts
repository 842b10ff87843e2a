import type { Logger } from 'pino';

export interface Shutdown {
  /** Remembers how to end a part that has just been started. */
  add(name: string, end: () => void | Promise<void>): void;
  /** Ends all parts, the last started first; the same promise however often it is called. */
  run(): Promise<void>;
}

/** A part that does not end in this time is left behind: the process has ten seconds in all. */
const PHASE_LIMIT_MS = 3000;

export function createShutdown(logger: Logger): Shutdown {
  const phases: { name: string; end: () => void | Promise<void> }[] = [];
  let ended: Promise<void> | undefined;

  async function runAll(): Promise<void> {
    for (const { name, end } of phases.reverse()) {
      try {
        await withLimit(end());
        logger.debug(`stopped: ${name}`);
      } catch (error) {
        logger.error({ err: error }, `could not stop: ${name}`);
      }
    }
  }

  return {
    add(name, end) {
      phases.push({ name, end });
    },
    run() {
      ended ??= runAll();
      return ended;
    },
  };
}

async function withLimit(work: void | Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done in ${PHASE_LIMIT_MS} ms`)), PHASE_LIMIT_MS);
  });
  try {
    await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}
