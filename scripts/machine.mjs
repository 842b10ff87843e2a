// What a benchmark ran on, for whoever compares it with another.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { checkout } from './paths.mjs';

/** Facts by what they are called. */
export function describeMachine() {
  const [processor] = cpus();
  const { pretty } =
    /^PRETTY_NAME="(?<pretty>.*)"$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.groups ?? {};
  return {
    date: new Date().toISOString().slice(0, 10),
    commit: output('git', ['rev-parse', '--short', 'HEAD']),
    processors: `${cpus().length} × ${processor?.model.trim()}`,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    'load before': loadavg()[0]?.toFixed(2) ?? '',
    system: pretty ?? '',
    Node: process.version,
    ipvsadm: output('dpkg-query', ['-W', 'ipvsadm']).split('\t')[1] ?? '',
  };
}

/** The first line that it prints; empty when it cannot be run. */
function output(command, args) {
  const { stdout } = spawnSync(command, args, { cwd: checkout, encoding: 'utf8' });
  return (stdout ?? '').split('\n', 1)[0] ?? '';
}
