import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SyncDaemon } from '../../src/domain/director-operation.js';
import { ipvsadmDaemons, ipvsadmTimeouts } from '../../src/domain/ipvsadm-settings.js';

const daemon: SyncDaemon = {
  interface: 'eth0',
  syncId: 7,
  group: '224.0.0.81',
  port: 8848,
  ttl: 1,
  maxLength: 1472,
};

test('timeouts are one line', () => {
  const text = ipvsadmTimeouts({ tcpSeconds: 900, tcpFinSeconds: 120, udpSeconds: 300 });
  assert.equal(text, 'Timeout (tcp tcpfin udp): 900 120 300\n');
});

test('daemons are a line each, the master first, and none are no text', () => {
  assert.equal(ipvsadmDaemons({ master: null, backup: null }), '');
  const backup = { ...daemon, group: 'ff05::7', maxLength: null };
  assert.equal(
    ipvsadmDaemons({ backup, master: daemon }),
    `master sync daemon (mcast=eth0, syncid=7, maxlen=1472, group=224.0.0.81, port=8848, ttl=1)
backup sync daemon (mcast=eth0, syncid=7, group=ff05::7, port=8848, ttl=1)
`,
  );
});
