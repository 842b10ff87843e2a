/**
 * Commands started by a process that is small and stays: a fork copies the page tables of who forks, so a command that
 * lvsd's process or the one that measures started would pay for their memory.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface Command {
  /** Milliseconds from asking for it to its end. Rejects when it fails. `$argument` is what is given. */
  run(argument?: string): Promise<number>;
  end(): void;
}

/** A shell command, in the network namespace of a process; its output is dropped. */
export function startCommand(ofPid: number, command: string): Command {
  const loop = `while read -r argument; do ${command} >/dev/null; echo $?; done`;
  const child = spawn('nsenter', [`--net=/proc/${ofPid}/ns/net`, 'sh', '-c', loop], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const statuses = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async run(argument = '') {
      const start = performance.now();
      child.stdin.write(`${argument}\n`);
      const { value: status } = await statuses.next();
      const milliseconds = performance.now() - start;
      if (status !== '0') throw new Error(`${command}: ended with status ${status}`);
      return milliseconds;
    },
    end: () => child.stdin.end(),
  };
}
