import { mkdirSync } from 'node:fs';
import { Command } from 'commander';
import { readDataDir, SETTINGS } from '../config.js';
import { databaseFile, openDatabase } from '../store/sqlite/database.js';
import { lockDataDirectory } from '../store/sqlite/lock.js';
import { labelOf, migrate, readMigrations } from '../store/sqlite/migrate.js';
import { addSettings, examples } from './settings.js';

export function migrateCommand(): Command {
  const command = new Command('migrate')
    .description('Bring the database to the schema of this version; "lvsd serve" does so too when it starts.')
    .addHelpText(
      'after',
      examples(['lvsd migrate --data-dir /var/lib/lvsd', 'before starting a new version']),
    );
  return addSettings(command, [SETTINGS.dataDir]).action((flags: Record<string, unknown>) => {
    const dataDir = readDataDir(flags);
    mkdirSync(dataDir, { recursive: true });
    const lock = lockDataDirectory(dataDir);
    const db = openDatabase(databaseFile(dataDir), 'FULL');
    try {
      const done = migrate(db, readMigrations());
      for (const migration of done) console.log(`Ran ${labelOf(migration)}.`);
      if (done.length === 0) console.log('Nothing to do: the database is up to date.');
    } finally {
      db.close();
      lock.release();
    }
  });
}
