/**
 * Moves the oldest audit events to files. A file is complete, durable and verified before the database hears of it; then one
 * transaction appends the audit event that says so and the archive's row; then the events go, a few at a time, so that
 * writes go on. A process that is killed in between leaves an unrecorded file, which the next run takes up, or events that are
 * archived and still there, which it removes.
 */
import { readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { DomainError } from '../domain/errors.js';
import type { AuditArchive } from '../domain/schema/audit-archive.js';
import type { Store, WriteContext } from '../store/store.js';
import { archiveLine } from './line.js';
import { ArchiveFault, type VerifiedFile, verifyFile } from './verify-file.js';
import { writeFile } from './write-file.js';

export interface ArchiveRequest {
  readonly context: WriteContext;
  /** RFC 3339, UTC: events before it. */
  readonly before: string;
  readonly gzip: boolean;
}

export interface Archiver {
  /** How many events there are to move. */
  count(before: string): number;
  /** Moves the next file's worth of events; undefined when there is none. Runs of one archiver follow one another. */
  next(request: ArchiveRequest): Promise<AuditArchive | undefined>;
  /** Removes what an interrupted run has archived and left in the log. */
  finish(context: WriteContext): Promise<void>;
}

export const EVENTS_PER_FILE = 100_000;
const EVENTS_PER_READ = 100;
const EVENTS_PER_REMOVAL = 200;

interface Dependencies {
  readonly store: Store;
  /** Of this database alone; made when it is not there. */
  readonly directory: string;
  readonly eventsPerFile?: number;
}

export function createArchiver({
  store,
  directory,
  eventsPerFile = EVENTS_PER_FILE,
}: Dependencies): Archiver {
  let running: Promise<unknown> = Promise.resolve();

  async function finish(context: WriteContext): Promise<void> {
    for (let removed = EVENTS_PER_REMOVAL; removed === EVENTS_PER_REMOVAL; ) {
      removed = (await store.write(context, (tx) => tx.removeArchived(EVENTS_PER_REMOVAL))).value;
      await nextTurn();
    }
  }

  async function next({ context, before, gzip }: ArchiveRequest): Promise<AuditArchive | undefined> {
    await finish(context);
    const anchor = store.read((reader) => reader.archivedThrough());
    const lastId = lastOfFile(anchor.id, before);
    if (lastId <= anchor.id) return undefined;
    const left = await unrecorded(anchor.id + 1);
    const file = left ?? nameOf(anchor.id + 1, lastId, gzip);
    const path = join(directory, file);
    const verified =
      left === undefined
        ? await writeFile(path, { lines: linesOf(anchor.id, lastId), follows: anchor })
        : await verifyFile(path, { follows: anchor });
    try {
      const { value } = await store.write(context, (tx) => {
        if (tx.archivedThrough().id !== anchor.id)
          throw new ArchiveFault('another process archived at the same time');
        requireSame(path, verified, tx.event(verified.lastId)?.hash);
        return tx.archive({ file, ...verified });
      });
      await finish(context);
      return value;
    } catch (error) {
      if (error instanceof ArchiveFault && left === undefined) await unlink(path);
      throw error;
    }
  }

  /** No write is torn apart, and a file has no more events than it may unless one write has. */
  function lastOfFile(archived: number, before: string): number {
    return store.read((reader) => {
      const last = Math.min((reader.firstEventSince(before) ?? reader.revision() + 1) - 1, reader.revision());
      if (last - archived <= eventsPerFile) return last;
      const whole = reader.startOfWrite(archived + eventsPerFile + 1) - 1;
      return whole > archived ? whole : reader.endOfWrite(archived + 1);
    });
  }

  async function* linesOf(archived: number, lastId: number): AsyncGenerator<string> {
    for (let after = archived; after < lastId; ) {
      const limit = Math.min(EVENTS_PER_READ, lastId - after);
      const events = store.read((reader) => reader.events({ order: 'ascending', after, limit }));
      yield events.map(archiveLine).join('');
      after += limit;
      await nextTurn();
    }
  }

  /** A file that a run before this one has finished and not recorded. */
  async function unrecorded(firstId: number): Promise<string | undefined> {
    const files = await readdir(directory).catch(() => []);
    return files.find(
      (file) => file.startsWith(`audit-${digits(firstId)}-`) && /\d\.ndjson(\.gz)?$/.test(file),
    );
  }

  return {
    count: (before) =>
      store.read((reader) => {
        const end = reader.firstEventSince(before) ?? reader.revision() + 1;
        return Math.max(0, end - 1 - reader.archivedThrough().id);
      }),
    next(request) {
      const run = running.then(() => next(request));
      running = run.catch(() => undefined);
      return run;
    },
    finish,
  };
}

function nameOf(firstId: number, lastId: number, gzip: boolean): string {
  return `audit-${digits(firstId)}-${digits(lastId)}.ndjson${gzip ? '.gz' : ''}`;
}

function digits(id: number): string {
  return String(id).padStart(12, '0');
}

/** Nothing leaves the log that a file does not have, to the letter. */
function requireSame(path: string, { lastId, lastHash }: VerifiedFile, hash: string | undefined): void {
  if (hash === lastHash) return;
  throw new ArchiveFault(
    `${path} has another event ${lastId} than the log: it belongs to another database. Give each its own directory.`,
  );
}

/** What a caller is told of a file that is not as it must be, or could not be written. */
export function archiveError(error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (!(error instanceof ArchiveFault) && code === undefined) return error;
  if (error instanceof DomainError) return error;
  return new DomainError('ARCHIVE_FAILED', `Nothing left the audit log: ${message.replace(/\.?$/, '.')}`, {
    cause: error,
  });
}
