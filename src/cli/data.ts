import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import { newRequestId } from '../control/request-id.js';
import { databaseFile } from '../store/sqlite/database.js';
import { createSqliteStore } from '../store/sqlite/sqlite-store.js';
import type { Store, WriteContext } from '../store/store.js';
import { CommandError } from './command-error.js';

/** Runs `use` on the database of a data directory, beside a server or without one, and closes it. */
export async function withStore<T>(dataDir: string, use: (store: Store) => T | Promise<T>): Promise<T> {
  const file = databaseFile(dataDir);
  if (!existsSync(file)) {
    throw new CommandError(
      `There is no database in ${dataDir}: name the server's data directory with --data-dir, or start "lvsd serve" first.`,
    );
  }
  const store = createSqliteStore({ file, migrations: 'require' });
  try {
    return await use(store);
  } finally {
    store.close();
  }
}

/** Whoever can write the file is its administrator; the audit log says which user of the system it was. */
export function cliContext(action: string, reason: string | undefined): WriteContext {
  return {
    actor: { principal: `${userInfo().username}@cli`, credentialId: null, roles: ['admin'] },
    transport: 'cli',
    sourceAddress: null,
    requestId: newRequestId(),
    reason: reason ?? null,
    action,
  };
}
