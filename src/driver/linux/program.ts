/** Runs the programs that steer netfilter, bounded in time and without stopping the event loop. */
import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { constants as os } from 'node:os';
import { delimiter, join } from 'node:path';

const TIME_LIMIT_MS = 15_000;
const OUTPUT_MAX_BYTES = 256 * 2 ** 20;

const SYSTEM_DIRECTORIES = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

/** PATH, which for a service may lack the directories of administration commands; never the working directory. */
function directories(): string[] {
  const path = (process.env.PATH ?? '').split(delimiter).filter((directory) => directory.startsWith('/'));
  return [...path, ...SYSTEM_DIRECTORIES];
}

/** A program that could not be run, did not end in time, or ended with a status other than 0. */
export class ProgramError extends Error {
  readonly program: string;
  /** What it said, in one line. */
  readonly output: string;
  /** The errno nearest to the failure. */
  readonly errno: number;

  constructor(program: string, how: string, output: string) {
    super(`${program} ${how}${output === '' ? '' : `: ${output}`}`);
    this.name = 'ProgramError';
    this.program = program;
    this.output = output;
    this.errno = errnoOf(how, output);
  }
}

/** Standard output of a program that succeeds with this standard input. */
export function runProgram(program: string, args: readonly string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      program,
      args,
      {
        timeout: TIME_LIMIT_MS,
        killSignal: 'SIGKILL',
        maxBuffer: OUTPUT_MAX_BYTES,
        env: { ...process.env, LC_ALL: 'C', PATH: directories().join(delimiter) },
      },
      (error, stdout, stderr) => {
        if (!error) return resolve(stdout);
        reject(new ProgramError(program, howItFailed(error), oneLine(stderr)));
      },
    );
    // one that ends without reading its input
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
  });
}

/** Where a program is; undefined when it is not installed. */
export function findProgram(program: string): string | undefined {
  return directories()
    .map((directory) => join(directory, program))
    .find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function howItFailed(error: { code?: string | number | null; killed?: boolean; signal?: unknown }): string {
  if (error.killed) return `did not end within ${TIME_LIMIT_MS / 1000} s`;
  if (typeof error.code === 'number') return `ended with status ${error.code}`;
  return typeof error.code === 'string' ? `cannot be run (${error.code})` : `was ended by ${error.signal}`;
}

function oneLine(text: string): string {
  const lines = text.split('\n').map((line) => line.trim());
  return lines.filter((line) => line !== '').join('; ');
}

/** Programs say in words what the kernel said in numbers (strerror(3), in the C locale). */
function errnoOf(how: string, output: string): number {
  if (
    how.startsWith('did not end') ||
    /xtables lock|temporarily unavailable|in use by a kernel/i.test(output)
  ) {
    return os.errno.EAGAIN;
  }
  if (/operation not permitted|permission denied/i.test(output)) return os.errno.EPERM;
  if (how.startsWith('cannot be run') || /not supported|no such file|table does not exist/i.test(output)) {
    return os.errno.EOPNOTSUPP;
  }
  return os.errno.EIO;
}
