// What the sandbox's guide says, done by a script: every method of the lab balances, with packets.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { METHODS, type Method } from '../support/lab/methods.js';
import { LAN, REAL_SERVERS } from '../support/lab/network.js';

const SANDBOX = fileURLToPath(new URL('../../../scripts/sandbox.mjs', import.meta.url));
const LIMIT_SECONDS = 280;
const folder = mkdtempSync(join(tmpdir(), 'lvsd-sandbox-'));
after(() => rmSync(folder, { recursive: true, force: true }));

interface Run {
  readonly status: number | string | undefined;
  readonly lines: string[];
  readonly stderr: string;
}

/** Runs a script in the sandbox, with an exit status of 0 or another. */
function runInSandbox(script: string): Promise<Run> {
  const file = join(folder, 'script.sh');
  writeFileSync(file, script);
  const args = [SANDBOX, '--script', file, '--timeout', String(LIMIT_SECONDS)];
  return new Promise((resolve) => {
    execFile(process.execPath, args, (error, stdout, stderr) => {
      resolve({ status: error ? (error.code ?? undefined) : 0, lines: stdout.trimEnd().split('\n'), stderr });
    });
  });
}

/** Asks every real server once. */
const ASK = `
client curl -sS http://192.0.2.100/ http://192.0.2.100/ http://192.0.2.100/ | sort
`;

function expectedAnswers({ name, peer, asked, port }: Method): string[] {
  const sees = peer === 'CIP' ? '203.0.113.10' : LAN.ipv4.director;
  const answers = REAL_SERVERS.map(
    (server) => `${server} sees ${sees} at ${LAN.ipv4[asked === 'VIP' ? 'vip' : server]}:${port}`,
  );
  return [`== ${name}`, ...answers];
}

test('a script in the sandbox switches from method to method, and the client is answered by all real servers', {
  timeout: (LIMIT_SECONDS + 20) * 1000,
}, async () => {
  const methods = METHODS.map(({ name }) => `echo '== ${name}'\nmethod ${name} >/dev/null\n${ASK}`);
  const { status, lines, stderr } = await runInSandbox(`set -eu
${methods.join('\n')}
rs1 ip -o address show dev eth0 | awk '{ print $4 }' | head -1
api /v1/projects/default/clusters/lab | grep -o '"state":"applied"' | head -1
guide | grep -o 'ipvsadm -Ln' | head -1
method none || echo "refused with $?"
exit 7
`);
  assert.equal(status, 7, stderr);
  assert.deepEqual(lines, [
    ...METHODS.flatMap(expectedAnswers),
    `${LAN.ipv4.rs1}/24`,
    '"state":"applied"',
    'ipvsadm -Ln',
    'refused with 2',
  ]);
  assert.match(stderr, /^usage: method dr\|.*nat$/m);
});
