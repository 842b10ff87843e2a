/** The real command, as a child process. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

/** As seen from dist/test/support. */
const MAIN = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The environment holds nothing but what is given, nor does standard input. */
export function startCommand(args: readonly string[], env: NodeJS.ProcessEnv = {}, input = '') {
  const child = spawn(process.execPath, [MAIN, ...args], { env, stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.on('error', () => {}); // most commands end without reading it
  child.stdin.end(input);
  const outcome: Promise<Outcome> = Promise.all([
    once(child, 'close'),
    text(child.stdout),
    text(child.stderr),
  ]).then(([[code], stdout, stderr]) => ({ code, stdout, stderr }));
  return { child, outcome };
}

/** Runs it to its end; it gets half a minute. */
export async function runCommand(
  args: readonly string[],
  env?: NodeJS.ProcessEnv,
  input?: string,
): Promise<Outcome> {
  const { child, outcome } = startCommand(args, env, input);
  const limit = setTimeout(() => child.kill('SIGKILL'), 30_000);
  try {
    return await outcome;
  } finally {
    clearTimeout(limit);
  }
}
