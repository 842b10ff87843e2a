import type { WriteContext } from '../store/store.js';
import { type Archiver, archiveError } from './archiver.js';

const DAY_MS = 86_400_000;

export interface Retention {
  start(): void;
  /** Resolves when what is under way has come to an end that loses nothing. */
  stop(): Promise<void>;
}

interface Dependencies {
  readonly archiver: Archiver;
  /** null: only finishes, at the start, what an interrupted run has left. */
  readonly days: number | null;
  readonly now: () => Date;
  readonly logger: {
    info(message: string): void;
    error(fields: object, message: string): void;
  };
}

/** Archives what is older than the given days, at the start and once a day, until it is stopped. */
export function createRetention({ archiver, days, now, logger }: Dependencies): Retention {
  let isStopped = false;
  let running: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;

  async function run(): Promise<void> {
    try {
      await archiver.finish(contextOf('finishes what was interrupted'));
      while (days !== null && !isStopped) {
        const before = new Date(now().getTime() - days * DAY_MS).toISOString();
        const context = contextOf(`keeps ${days} days`);
        const archive = await archiver.next({ context, before, gzip: true });
        if (archive === undefined) return;
        logger.info(`audit events ${archive.firstId} to ${archive.lastId} are in ${archive.file} now`);
      }
    } catch (error) {
      logger.error({ err: archiveError(error) }, 'audit events could not be archived; tomorrow again');
    }
  }

  return {
    start() {
      running = run();
      if (days === null) return;
      timer = setInterval(() => {
        running = running.then(run);
      }, DAY_MS);
      timer.unref();
    },
    async stop() {
      isStopped = true;
      clearInterval(timer);
      await running;
    },
  };
}

function contextOf(reason: string): WriteContext {
  return {
    actor: { principal: 'system', credentialId: null, roles: [] },
    transport: 'system',
    sourceAddress: null,
    requestId: 'retention',
    reason,
    action: 'createAuditArchive',
  };
}
