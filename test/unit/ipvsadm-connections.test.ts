import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Connection } from '../../src/domain/director-operation.js';
import { connectionLine, connectionTitles } from '../../src/domain/ipvsadm-connections.js';

const connection: Connection = {
  protocol: 'tcp',
  client: { address: '203.0.113.7', port: 51234 },
  virtual: { address: '192.168.10.88', port: 80 },
  real: { address: '192.168.10.11', port: 8080 },
  state: 'ESTABLISHED',
  expiresSeconds: 899,
  persistence: null,
};

test('the titles stand above their columns', () => {
  const titles = 'pro expire state       source             virtual            destination';
  assert.equal(connectionTitles('list'), `IPVS connection entries\n${titles}\n`);
  const more = `${titles}        pe name          pe_data`;
  assert.equal(connectionTitles('persistent-conn'), `IPVS connection entries\n${more}\n`);
});

test('a connection is a line, the last column without padding', () => {
  const text = 'TCP 14:59  ESTABLISHED 203.0.113.7:51234  192.168.10.88:80   192.168.10.11:8080\n';
  assert.equal(connectionLine(connection, 'list'), text);
  assert.equal(connectionLine(connection, 'persistent-conn'), text);
});

test('hours are minutes, and IPv6 is wider than its column', () => {
  const client = { address: '2001:db8::123:4567', port: 40000 };
  const line = connectionLine({ ...connection, protocol: 'sctp', client, expiresSeconds: 6001 }, 'list');
  assert.match(line, /^SCTP 100:01 ESTABLISHED \[2001:db8::123:4567\]:40000 192\.168\.10\.88:80 {3}192/);
});

test('what an engine knows the client by is shown when it is asked for, and there is any', () => {
  const known = { ...connection, persistence: { engine: 'sip', data: 'call-7@example' } };
  assert.match(connectionLine(known, 'list'), /192\.168\.10\.11:8080\n$/);
  assert.match(connectionLine(known, 'persistent-conn'), / 192\.168\.10\.11:8080 sip {16}call-7@example\n$/);
  const unknown = { ...connection, persistence: { engine: 'sip', data: '' } };
  assert.equal(connectionLine(unknown, 'persistent-conn'), connectionLine(connection, 'list'));
});
