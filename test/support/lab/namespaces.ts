/** Network namespaces of the guest by name; `director` is the one in which this process runs. */
import { execFileSync } from 'node:child_process';
import { openSync, writeFileSync } from 'node:fs';
import { libc } from './libc.js';

export const DIRECTOR = 'director';

const CLONE_NEWNET = 0x40000000;
const handles = new Map<string, number>([[DIRECTOR, openSync('/proc/thread-self/ns/net', 'r')]]);

/**
 * Does synchronous work there: sockets that it opens stay in that namespace wherever they are used, and /proc/sys/net is
 * that of the namespace.
 */
export function inNamespace<T>(name: string, work: () => T): T {
  const enter = (handle: number) => libc.setns(handle, CLONE_NEWNET);
  enter(handleOf(name));
  try {
    return work();
  } finally {
    enter(handleOf(DIRECTOR));
  }
}

function handleOf(name: string): number {
  const handle = handles.get(name) ?? openSync(`/run/netns/${name}`, 'r');
  handles.set(name, handle);
  return handle;
}

/** Runs lines of `ip -batch` there. */
export function ip(name: string, lines: readonly string[]): void {
  const where = name === DIRECTOR ? [] : ['-n', name];
  execFileSync('ip', [...where, '-batch', '-'], {
    input: lines.join('\n'),
    stdio: ['pipe', 'ignore', 'inherit'],
  });
}

/** Sets kernel parameters there; keys as below /proc/sys/net, such as `ipv4/ip_forward`. */
export function sysctl(name: string, values: Readonly<Record<string, string | number>>): void {
  inNamespace(name, () => {
    for (const [key, value] of Object.entries(values)) writeFileSync(`/proc/sys/net/${key}`, String(value));
  });
}

/** The command line that runs a command there. */
export function commandIn(name: string, command: readonly string[]): [file: string, args: string[]] {
  const [file = '', ...args] = name === DIRECTOR ? command : ['ip', 'netns', 'exec', name, ...command];
  return [file, args];
}
