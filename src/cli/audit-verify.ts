import { Command, InvalidArgumentError } from 'commander';
import { verifyFiles } from '../archive/verify-files.js';
import { readDataDir, SETTINGS } from '../config.js';
import type { Store } from '../store/store.js';
import { CommandError } from './command-error.js';
import { withStore } from './data.js';
import { addSettings, examples } from './settings.js';

interface Mark {
  readonly id: number;
  readonly hash: string;
}

interface Options extends Record<string, unknown> {
  readonly since?: Mark;
  readonly archive?: readonly string[];
  /** Commander's form of --no-database. */
  readonly database: boolean;
}

export function auditVerifyCommand(): Command {
  const command = new Command('verify')
    .description(
      'Recompute the chain of hashes over all audit events. Exit code 1: somebody changed the log.',
    )
    .option(
      '--since <id:hash>',
      'a mark that an earlier run printed: the log must still contain it, so that a cut-off end shows too',
      parseMark,
    )
    .option(
      '--archive <files...>',
      'archive files, in any order: the chain must run through them into the log',
    )
    .option('--no-database', 'check only the files')
    .addHelpText(
      'after',
      examples(
        ['lvsd audit verify --data-dir /var/lib/lvsd', 'prints a mark to keep on another machine'],
        ['lvsd audit verify --since "$(cat mark)"', 'check against a mark that was kept'],
        ['lvsd audit verify --archive data/audit-archive/*', 'archives and log as one chain'],
        ['lvsd audit verify --no-database --archive *.ndjson.gz', 'on the machine of an auditor'],
      ),
    );
  return addSettings(command, [SETTINGS.dataDir]).action(async (options: Options) => {
    const { since, archive = [], database } = options;
    if (!database && archive.length === 0)
      throw new CommandError('There is nothing to check: name files with --archive.');
    const files = archive.length > 0 ? await verifyFiles(archive, since).catch(rejectFault) : undefined;
    if (files) console.error(`The archives are whole: events ${files.firstId} to ${files.lastId}.`);
    if (since !== undefined && files !== undefined && isMissing(since, files)) throw otherThanMark(since);
    const seen = { since: files?.hasMark ? undefined : since, files };
    const mark = database
      ? await withStore(readDataDir(options), (store) => verify(store, seen))
      : markOfFiles(seen);
    console.log(`${mark.id}:${mark.hash}`);
  });
}

type VerifiedFiles = Awaited<ReturnType<typeof verifyFiles>>;

interface Seen {
  /** A mark that is still to be found. */
  readonly since: Mark | undefined;
  readonly files: VerifiedFiles | undefined;
}

async function verify(store: Store, { since, files }: Seen): Promise<Mark> {
  const { intact, events, detail, lastId, lastHash, archivedThrough } = await store.verify();
  if (!intact) throw broken(detail ?? 'An event does not fit the chain.');
  requireJoint(store, files);
  if (since !== undefined && since.id <= archivedThrough && !isAnchor(store, since)) {
    throw new CommandError(
      `The mark is of event ${since.id}, which is in an archive file: name the files with --archive.`,
    );
  }
  if (since !== undefined && since.id > archivedThrough) {
    if (store.read((reader) => reader.event(since.id))?.hash !== since.hash) throw otherThanMark(since);
  }
  const before =
    archivedThrough > 0 ? ` from event ${archivedThrough + 1} on; those before are archived` : '';
  console.error(`The audit log is whole: ${events} events${before}. Keep this mark on another machine:`);
  return { id: lastId, hash: lastHash };
}

/** Where it would be, there is another event. */
function isMissing({ id }: Mark, { firstId, lastId, hasMark }: VerifiedFiles): boolean {
  return id >= firstId && id <= lastId && !hasMark;
}

/** The log begins where the archives end. */
function requireJoint(store: Store, files: VerifiedFiles | undefined): void {
  if (files === undefined) return;
  const { id, hash } = store.read((reader) => reader.archivedThrough());
  if (files.lastId === id && files.lastHash === hash) return;
  if (files.lastId < id) {
    throw new CommandError(
      `The files end with event ${files.lastId}, and the log begins with ${id + 1}: name the files between them too.`,
    );
  }
  throw broken(`The files end with event ${files.lastId} otherwise than the log says.`);
}

function isAnchor(store: Store, { id, hash }: Mark): boolean {
  const anchor = store.read((reader) => reader.archivedThrough());
  return anchor.id === id && anchor.hash === hash;
}

function markOfFiles({ since, files }: Seen): Mark {
  if (since !== undefined) throw otherThanMark(since);
  return { id: files?.lastId ?? 0, hash: files?.lastHash ?? '' };
}

function otherThanMark({ id }: Mark): CommandError {
  return broken(`Event ${id} is not what it was when the mark was taken.`);
}

function broken(detail: string): CommandError {
  return new CommandError(
    `The audit log was changed. ${detail} Keep the file, and compare it with a backup.`,
  );
}

function rejectFault(error: unknown): never {
  throw broken((error as Error).message);
}

function parseMark(text: string): Mark {
  const [, id, hash] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text) ?? [];
  if (hash === undefined)
    throw new InvalidArgumentError('It must be ID:HASH, as "lvsd audit verify" prints it.');
  return { id: Number(id), hash };
}
