import { Command, InvalidArgumentError } from 'commander';
import { readDataDir, SETTINGS } from '../config.js';
import type { Store } from '../store/store.js';
import { CommandError } from './command-error.js';
import { withStore } from './data.js';
import { addSettings, examples } from './settings.js';

interface Mark {
  readonly id: number;
  readonly hash: string;
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
    .addHelpText(
      'after',
      examples(
        ['lvsd audit verify --data-dir /var/lib/lvsd', 'prints a mark to keep on another machine'],
        ['lvsd audit verify --since "$(cat mark)"', 'check against a mark that was kept'],
      ),
    );
  return addSettings(command, [SETTINGS.dataDir]).action(
    async ({ since, ...flags }: { since?: Mark } & Record<string, unknown>) => {
      const mark = await withStore(readDataDir(flags), (store) => verify(store, since));
      console.log(`${mark.id}:${mark.hash}`);
    },
  );
}

async function verify(store: Store, since: Mark | undefined): Promise<Mark> {
  const { intact, events, detail, lastId, lastHash } = await store.verify();
  if (!intact) throw broken(detail ?? 'An event does not fit the chain.');
  if (since !== undefined && store.read((reader) => reader.event(since.id))?.hash !== since.hash) {
    throw broken(`Event ${since.id} is not what it was when the mark was taken.`);
  }
  console.error(`The audit log is whole: ${events} events. Keep this mark on another machine:`);
  return { id: lastId, hash: lastHash };
}

function broken(detail: string): CommandError {
  return new CommandError(
    `The audit log was changed. ${detail} Keep the file, and compare it with a backup.`,
  );
}

function parseMark(text: string): Mark {
  const [, id, hash] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text) ?? [];
  if (hash === undefined)
    throw new InvalidArgumentError('It must be ID:HASH, as "lvsd audit verify" prints it.');
  return { id: Number(id), hash };
}
