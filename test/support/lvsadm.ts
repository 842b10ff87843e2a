/** ipvsadm in a network namespace of its own, and lvsadm on a server in this one: two kernel tables to compare. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lvsadm as main } from '../../src/cli/lvsadm/run.js';
import type { KernelServer } from './kernel-server.js';
import type { LvsadmCase, Restore } from './lvsadm-cases.js';

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const REFERENCE = '/run/netns/reference';

/** Also gives both namespaces an interface for synchronisation. */
export function createReference(): void {
  execFileSync('ip', ['netns', 'add', 'reference']);
  for (const net of [[], ['-n', 'reference']]) {
    execFileSync('ip', [...net, 'link', 'add', 'sync0', 'type', 'dummy']);
    execFileSync('ip', [...net, 'link', 'set', 'sync0', 'up']);
    execFileSync('ip', [...net, 'address', 'add', '10.88.0.1/24', 'dev', 'sync0']);
  }
}

export interface Told {
  readonly words: readonly string[];
  readonly input?: string;
}

/**
 * ipvsadm told one thing after the other, in the reference namespace or in this one. All from one shell: starting a process
 * from Node is ten times as dear in a guest.
 */
export function ipvsadm(told: readonly Told[], place: 'reference' | 'here' = 'reference'): Ended[] {
  const folder = mkdtempSync(join(tmpdir(), 'ipvsadm-'));
  const file = (name: string, index: number) => join(folder, `${name}-${index}`);
  const script = told.map(({ words, input = '' }, index) => {
    writeFileSync(file('in', index), input);
    const [standardInput, out, complaints] = ['in', 'out', 'err'].map((name) => file(name, index));
    return `ipvsadm ${words.map(quoted).join(' ')} <${standardInput} >${out} 2>${complaints}; echo $? >${file('status', index)}`;
  });
  const shell = place === 'here' ? ['sh'] : ['nsenter', `--net=${REFERENCE}`, 'sh'];
  execFileSync(shell[0] ?? '', shell.slice(1), { input: script.join('\n'), timeout: 100_000 });
  const read = (name: string, index: number) => readFileSync(file(name, index), 'utf8');
  return told.map((_, index) => ({
    status: Number(read('status', index)),
    stdout: read('out', index),
    stderr: read('err', index),
  }));
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

export type Lvsadm = (words: readonly string[], input?: string) => Promise<Ended>;

/** In this process: a start of Node takes the guest two seconds. */
export async function createLvsadm(server: KernelServer): Promise<Lvsadm> {
  const environment = { LVSD_SERVER: server.restUrl, LVSD_TOKEN: await server.token() };
  return async (words, input = '') => {
    let [stdout, stderr] = ['', ''];
    const status = await main(words, {
      environment,
      input: async () => input,
      print: (text) => {
        stdout += text;
      },
      complain: (text) => {
        stderr += text;
      },
    });
    return { status, stdout, stderr };
  };
}

export function wordsOf(line: string): string[] {
  return line
    .split(' ')
    .filter((word) => word !== '')
    .map((word) => (word === "''" ? '' : word));
}

const TABLE: readonly Told[] = [{ words: ['-Sn'] }, { words: ['-Ln', '--thresholds'] }];

/** Tells both the lines of a case and holds them against each other. Ends with empty tables. */
export async function compare(one: LvsadmCase, lvsadm: Lvsadm): Promise<void> {
  try {
    await compareLines(one, lvsadm);
  } finally {
    assert.deepEqual(await lvsadm(['-C']), { status: 0, stdout: '', stderr: '' });
  }
}

async function compareLines({ lines }: LvsadmCase, lvsadm: Lvsadm): Promise<void> {
  const told = lines.map(toldBy);
  const said = ipvsadm([...told, ...TABLE, { words: ['-C'] }]);
  for (const [index, { words, input }] of told.entries()) {
    const ours = await lvsadm(words, input);
    const theirs = said[index];
    assert.deepEqual(
      { ...ours, stderr: withoutHints(ours.stderr) },
      { ...theirs, stderr: theirs?.stderr.replaceAll('ipvsadm', 'lvsadm') },
      JSON.stringify(lines[index]),
    );
  }
  const [rules, list] = said.slice(told.length);
  assert.deepEqual(ipvsadm(TABLE, 'here'), [rules, list]);
}

function toldBy(line: string | Restore): Told {
  return typeof line === 'string' ? { words: wordsOf(line) } : { words: ['-R'], input: line.restore };
}

/** What lvsadm adds to the words of ipvsadm. */
function withoutHints(text: string): string {
  return text.replaceAll(/^lvsadm: .*\n/gm, '');
}
