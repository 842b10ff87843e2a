import { Command, InvalidArgumentError } from 'commander';
import { archiveError, createArchiver } from '../archive/archiver.js';
import { readArchiveDir, readDataDir, SETTINGS } from '../config.js';
import { CommandError } from './command-error.js';
import { cliContext, withStore } from './data.js';
import { parseReason } from './output.js';
import { addSettings, examples } from './settings.js';

interface Options extends Record<string, unknown> {
  readonly before?: string;
  readonly keepDays?: number;
  readonly gzip?: boolean;
  readonly reason?: string;
}

const DAY_MS = 86_400_000;

export function auditArchiveCommand(): Command {
  const command = new Command('archive')
    .description(
      'Move old audit events from the database to files, beside a running server or without one. Prints the files.',
    )
    .option('--before <time>', 'events before this RFC 3339 time', parseTime)
    .option('--keep-days <days>', 'events that are older than so many days', parseDays)
    .option('--gzip', 'compress the files')
    .option('--reason <text>', 'why, for the audit log', parseReason)
    .addHelpText(
      'after',
      examples(
        ['lvsd audit archive --keep-days 90 --gzip', 'keep three months'],
        ['lvsd audit verify --archive data/audit-archive/*', 'check the files together with the log'],
      ),
    );
  return addSettings(command, [SETTINGS.dataDir, SETTINGS.auditArchiveDir]).action(archive);
}

async function archive(options: Options): Promise<void> {
  const { gzip = false, reason } = options;
  const before = boundary(options);
  const directory = readArchiveDir(options);
  const context = cliContext('createAuditArchive', reason);
  const moved = await withStore(readDataDir(options), async (store) => {
    const archiver = createArchiver({ store, directory });
    try {
      let events = 0;
      for (let done = await archiver.next({ context, before, gzip }); done; ) {
        console.log(`${directory}/${done.file}`);
        events += done.lastId - done.firstId + 1;
        done = await archiver.next({ context, before, gzip });
      }
      return events;
    } catch (error) {
      throw archiveError(error);
    }
  });
  console.error(
    moved === 0
      ? `No audit event is older than ${before}.`
      : `${moved} audit events are in files now. Keep them: the log goes on where they end.`,
  );
}

function boundary({ before, keepDays }: Options): string {
  if ((before === undefined) === (keepDays === undefined)) {
    throw new CommandError('Say which events are to go: --keep-days or --before, and not both.');
  }
  return before ?? new Date(Date.now() - (keepDays ?? 0) * DAY_MS).toISOString();
}

function parseDays(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 36_500) return Number(text);
  throw new InvalidArgumentError('It must be a whole number of days, at most 36500.');
}

function parseTime(text: string): string {
  const time = new Date(text);
  if (/^\d{4}-\d{2}-\d{2}T/.test(text) && time.getTime() <= Date.now()) return time.toISOString();
  throw new InvalidArgumentError('It must be a time that is over, such as 2026-01-01T00:00:00Z.');
}
