import { CommanderError } from 'commander';
import { ConfigError } from '../config.js';
import { DomainError } from '../domain/errors.js';
import { CommandError } from './command-error.js';

/** 0 done, 1 failed, 2 not used as it must be. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  return error instanceof ConfigError ? 2 : 1;
}

/** One sentence for whoever typed the command; undefined when Commander has said it already. */
export function explain(error: unknown): string | undefined {
  if (error instanceof CommanderError) return undefined;
  if (FOR_PEOPLE.some((kind) => error instanceof kind)) return `lvsd: ${(error as Error).message}`;
  const { code = '', message, stack } = error as NodeJS.ErrnoException;
  const remedy = REMEDIES[code] ?? REMEDIES[/\bE[A-Z]{4,}\b/.exec(message)?.[0] ?? ''];
  return remedy ? `lvsd: ${message.replace(/\.?$/, '.')} ${remedy}` : `lvsd: a defect: ${stack ?? message}`;
}

const FOR_PEOPLE = [CommandError, ConfigError, DomainError];

/** What to do about errors of the operating system. gRPC gives them only as text. */
const REMEDIES: Readonly<Record<string, string>> = {
  EADDRINUSE: 'Another program listens there: stop it, or choose another address with --http or --grpc.',
  EADDRNOTAVAIL: 'This machine does not have that address: choose another with --http or --grpc.',
  ENOTFOUND: 'The name does not resolve: choose another address with --http or --grpc.',
  EACCES: 'Run it as a user who may do that, or choose another --data-dir or port.',
  EPERM: 'Run it as a user who may do that.',
  ENOENT: 'Check the path.',
  EROFS: 'Choose a --data-dir that can be written.',
  ENOSPC: 'Free some disk space, or choose another --data-dir.',
  ENOTDIR: 'Choose another --data-dir.',
  EEXIST: 'Choose another --data-dir.',
};
