// The pure parts of the scripts that install, select and report. They are plain JavaScript outside the compiled tree.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

interface DebianModule {
  installMissing(packages: Record<string, string>, apt: ((args: string[]) => boolean) | null): void;
}
interface StrataModule {
  selectStrata(args: string[]): { selected: { name: string }[]; words: string[] };
  testFiles(name: string, words: string[], root: string): { source: string; compiled: string }[];
  guestNeeds(text: string, limitSeconds: number): { limitSeconds: number; memory: string; isBeside: boolean };
}
interface PrefixLinesModule {
  prefixLines(prefix: string, emit: (text: string) => void): { write(bytes: Uint8Array): void; end(): void };
}

const scripts = fileURLToPath(new URL('../../../scripts/', import.meta.url));
const { installMissing }: DebianModule = await import(join(scripts, 'debian.mjs'));
const { selectStrata, testFiles, guestNeeds }: StrataModule = await import(join(scripts, 'strata.mjs'));
const { prefixLines }: PrefixLinesModule = await import(join(scripts, 'prefix-lines.mjs'));

/** A directory that is gone after the test file. */
function scratch(): string {
  const directory = mkdtempSync(join(tmpdir(), 'lvsd-scripts-'));
  after(() => rmSync(directory, { recursive: true }));
  return directory;
}

test('packages that are present cost no apt call', () => {
  installMissing({ 'some-shell': '/bin/sh', 'by-name': 'sh' }, () => assert.fail('apt was called'));
});

test('missing packages are installed in one apt call after one update', () => {
  const probe = join(scratch(), 'tool');
  const calls: string[][] = [];
  installMissing({ present: 'sh', absent: probe }, (args) => {
    calls.push(args);
    if (args[0] === 'install') {
      writeFileSync(probe, '');
      chmodSync(probe, 0o755);
    }
    return true;
  });
  assert.deepEqual(calls, [['update'], ['install', '-y', '--no-install-recommends', 'absent']]);
});

test('without the right to install, the error names the packages and the command', () => {
  assert.throws(() => installMissing({ one: '/nowhere/one', two: '/nowhere/two' }, null), {
    message:
      'missing Debian packages: one, two; as root, run: ' +
      'apt-get update && apt-get install -y --no-install-recommends one two',
  });
});

test('an installation that fails, or that brings no such command, is an error', () => {
  assert.throws(() => installMissing({ one: '/nowhere/one' }, () => false), /apt-get could not install/);
  assert.throws(() => installMissing({ one: '/nowhere/one' }, () => true), /apt-get could not install/);
});

test('arguments name strata, anything else is a word to look for', () => {
  const names = (args: string[]) => selectStrata(args).selected.map(({ name }) => name);
  assert.deepEqual(names([]), ['unit', 'contract', 'api', 'browser', 'load', 'kernel']);
  assert.deepEqual(names(['kernel', 'drift']), ['kernel']);
  assert.deepEqual(selectStrata(['kernel', 'drift']).words, ['drift']);
});

test('only tests that have a source are found', () => {
  const root = scratch();
  mkdirSync(join(root, 'test/api/routes'), { recursive: true });
  mkdirSync(join(root, 'dist/test/api'), { recursive: true });
  for (const path of ['test/api/a.test.ts', 'test/api/routes/b.test.ts', 'test/api/helper.ts']) {
    writeFileSync(join(root, path), '');
  }
  writeFileSync(join(root, 'dist/test/api/deleted.test.js'), '');
  assert.deepEqual(testFiles('api', [], root), [
    { source: 'test/api/a.test.ts', compiled: 'dist/test/api/a.test.js' },
    { source: 'test/api/routes/b.test.ts', compiled: 'dist/test/api/routes/b.test.js' },
  ]);
  assert.equal(testFiles('api', ['routes'], root).length, 1);
  assert.deepEqual(testFiles('absent', [], root), []);
});

test('a file asks for time and memory in comment lines', () => {
  assert.deepEqual(guestNeeds('// time limit: 900 s\n// memory: 4G\n// beside the others\n', 600), {
    limitSeconds: 900,
    memory: '4G',
    isBeside: true,
  });
  assert.deepEqual(guestNeeds('import x;', 600), { limitSeconds: 600, memory: '2G', isBeside: false });
});

test('lines get a prefix whole, however the bytes are cut', () => {
  const bytes = Buffer.from('one\nzwö\nrest');
  for (let cut = 0; cut <= bytes.length; cut += 1) {
    let text = '';
    const lines = prefixLines('> ', (part) => {
      text += part;
    });
    lines.write(bytes.subarray(0, cut));
    lines.write(bytes.subarray(cut));
    lines.end();
    assert.equal(text, '> one\n> zwö\n> rest\n');
  }
});

test('the reporter counts tests, not suites, and takes a crashed or an empty file for a failure', async () => {
  const directory = scratch();
  const file = (name: string, text: string) => {
    writeFileSync(join(directory, `${name}.mjs`), `import { describe, test } from 'node:test';\n${text}`);
    return join(directory, `${name}.mjs`);
  };
  const files = [
    file(
      'mixed',
      `describe('s', () => { test('good', () => {}); test('bad', () => { throw new Error('why'); }); });`,
    ),
    file('skips', `test.skip('later', () => {}); test.todo('some day'); test('fine', () => {});`),
    file('empty', ''),
    file('crash', `process.kill(process.pid, 'SIGKILL');`),
  ];
  const totals = join(directory, 'totals.json');
  const { NODE_TEST_CONTEXT: _outer, ...env } = process.env;
  const stdout = await new Promise<string>((resolve) => {
    execFile(
      process.execPath,
      [
        '--test',
        `--test-reporter=${join(scripts, 'reporter.mjs')}`,
        '--test-reporter-destination=stdout',
        ...files,
      ],
      { env: { ...env, LVSD_TEST_TOTALS: totals } },
      (_failed, text) => resolve(text),
    );
  });
  const counted: { passed: number; failed: number; skipped: number; failures: string[] } = JSON.parse(
    readFileSync(totals, 'utf8'),
  );
  assert.deepEqual(
    { ...counted, failures: counted.failures.length },
    { passed: 2, failed: 3, skipped: 2, failures: 3 },
  );
  assert.match(stdout, /FAIL bad \d+ ms\n +Error: why\n +at /);
  assert.match(stdout, /skip later/);
});
