/** The way in: a server without any token of the whole server makes one for its administrator and leaves it in the data directory. */
import { closeSync, fsyncSync, openSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { createSecret, type Tokens } from './control/access/tokens.js';
import type { WriteContext } from './store/store.js';

const NAME = 'admin';

export function firstTokenFile(dataDir: string): string {
  return join(dataDir, 'admin-token');
}

/**
 * The file is written before the token is stored: a crash in between leaves a file that the next start replaces, never a
 * token that nobody knows. Returns whether it made one.
 */
export async function ensureFirstToken(tokens: Tokens, dataDir: string): Promise<boolean> {
  if (tokens.list(null).items.length > 0) return false;
  const secret = createSecret();
  writeAtomically(firstTokenFile(dataDir), `${secret}\n`);
  await tokens.create(context, null, { name: NAME, spec: { role: 'admin' } }, { secret });
  return true;
}

const context: WriteContext = {
  actor: { principal: 'system', credentialId: null, roles: [] },
  transport: 'system',
  sourceAddress: null,
  requestId: 'first-start',
  reason: 'There was no token.',
  action: 'createToken',
};

/** For its owner only. After a crash the file is either whole or as it was. */
function writeAtomically(file: string, text: string): void {
  const temporary = `${file}.new`;
  const descriptor = openSync(temporary, 'w', 0o600);
  try {
    writeSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(temporary, file);
}
