/** lvsadm and ipvsadm, told the same, leave the same kernel table and say the same. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createKernelServer, NO_INTERVAL } from '../support/kernel-server.js';
import { compare, createLvsadm, createReference, ipvsadm, wordsOf } from '../support/lvsadm.js';
import { REFUSED, TABLE_CASES } from '../support/lvsadm-cases.js';

createReference();
const server = await createKernelServer({ intervalSeconds: NO_INTERVAL });
await server.start();
const lvsadm = await createLvsadm(server);

for (const one of TABLE_CASES) {
  test(one.shows, () => compare(one, lvsadm));
}

test('what lvsd has no word for is refused with a sentence, and changes nothing', async () => {
  await lvsadm(['-A', '-t', '10.0.0.99:80']);
  for (const [line, sentence] of REFUSED) {
    const { status, stderr } = await lvsadm(wordsOf(line));
    assert.equal(status, 255, line);
    assert.match(stderr, sentence, line);
  }
  assert.equal(ipvsadm([{ words: ['-Sn'] }], 'here')[0]?.stdout, '-A -t 10.0.0.99:80 -s wlc\n');
  await lvsadm(['-C']);
});
