/** lvsadm from its words to its exit status, whoever the terminal is. */
import { ConfigError, type Environment, readLvsadmConfig } from '../../config.js';
import { Fault } from '../../formats/ipvsadm/fault.js';
import type { CommandLine } from '../../formats/ipvsadm/line.js';
import { createApiClient } from '../api-client.js';
import { CommandError } from '../command-error.js';
import { EXIT_NO_SERVICE, Refusal } from './answer.js';
import { COMMANDS } from './commands.js';
import { createNames, type Names } from './names.js';
import { ownOptions } from './options.js';
import { createRestore, restoreLines } from './restore.js';
import { createSession, type Session } from './session.js';
import { HINT, USAGE, VERSION_LINE } from './usage.js';

export interface Terminal {
  readonly environment: Environment;
  /** All of standard input. */
  input(): Promise<string>;
  print(text: string): void;
  /** On standard error. */
  complain(text: string): void;
}

const EXIT_USAGE = 2;

/** Resolves to the exit status. */
export async function lvsadm(words: readonly string[], terminal: Terminal): Promise<number> {
  try {
    const own = ownOptions(words);
    const config = readLvsadmConfig(own.flags, terminal.environment);
    const names = createNames();
    // Nothing at all is -L.
    const line = await names.commandLine(own.words.length === 0 ? ['-L'] : own.words);
    if (isAboutItself(line, terminal)) return 0;
    const session = createSession({ ...config, call: createApiClient(config) });
    const director = { session, names, terminal };
    return await (line.command === 'restore' ? restore(director) : run(director, line));
  } catch (error) {
    return explained(error, terminal);
  }
}

interface Director {
  readonly session: Session;
  readonly names: Names;
  readonly terminal: Terminal;
}

async function run({ session, names, terminal }: Director, line: CommandLine): Promise<number> {
  const { command } = line;
  if (command === 'help' || command === 'version' || command === 'restore')
    throw new Fault(HINT, { status: 255 });
  terminal.print(await COMMANDS[command](session, line, names));
  return 0;
}

/** Goes on after what the kernel or popt refuses, and ends at what ipvsadm itself does, with the status of the last line. */
async function restore(director: Director): Promise<number> {
  const { session, names, terminal } = director;
  const lines = createRestore(session, { run: (line) => runLine(director, line) });
  let status = 0;
  for (const words of restoreLines(await terminal.input())) {
    const line = await names.commandLine(words).catch(faultOf);
    if (!(line instanceof Fault) && (await lines.add(line))) {
      status = 0;
      continue;
    }
    await lines.flush();
    if (line instanceof Fault) {
      status = explained(line, terminal);
      if (line.isFinal) return status;
    } else if (isAboutItself(line, terminal)) {
      return 0;
    } else if (line.command === 'restore') {
      return explained(new Fault(HINT, { status: 255 }), terminal);
    } else {
      status = await runLine(director, line);
    }
  }
  return (await lines.flush()) || status;
}

/** A refusal is the line's own; what stands in the way of all lines ends them. */
async function runLine(director: Director, line: CommandLine): Promise<number> {
  try {
    return await run(director, line);
  } catch (error) {
    if (error instanceof Refusal && error.status !== EXIT_NO_SERVICE)
      return explained(error, director.terminal);
    throw error;
  }
}

function faultOf(error: unknown): Fault {
  if (error instanceof Fault) return error;
  throw error;
}

function isAboutItself({ command }: CommandLine, terminal: Terminal): boolean {
  if (command !== 'help' && command !== 'version') return false;
  terminal.print(command === 'help' ? USAGE : VERSION_LINE);
  return true;
}

function explained(error: unknown, terminal: Terminal): number {
  if (error instanceof Fault) {
    terminal.complain(`${error.isHint ? HINT : error.message}\n`);
    return error.status;
  }
  if (error instanceof Refusal) {
    terminal.complain(`${error.message}\n`);
    return error.status;
  }
  if (error instanceof ConfigError || error instanceof CommandError) {
    terminal.complain(`lvsadm: ${error.message}\n`);
    return error instanceof ConfigError ? EXIT_USAGE : EXIT_NO_SERVICE;
  }
  throw error;
}
