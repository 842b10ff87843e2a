import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  connectionTest,
  destinationKeysOf,
  frontendKeysOf,
  isTemplate,
} from '../../src/domain/connections.js';
import type { Connection } from '../../src/domain/director-operation.js';
import type { DomainError } from '../../src/domain/errors.js';
import { type Frontend, parseFrontend } from '../../src/domain/keys.js';
import type { ConnectionFilter } from '../../src/domain/schema/connection.js';

const tcp: Connection = {
  protocol: 'tcp',
  client: { address: '203.0.113.7', port: 51234 },
  virtual: { address: '192.168.10.88', port: 80 },
  real: { address: '192.168.10.11', port: 8080 },
  state: 'ESTABLISHED',
  expiresSeconds: 899,
  persistence: null,
};
const six: Connection = {
  ...tcp,
  protocol: 'udp',
  client: { address: '2001:db8:1::7', port: 4000 },
  virtual: { address: '2001:db8::88', port: 53 },
  real: { address: '192.168.10.12', port: 53 },
  state: 'UDP',
};
const template: Connection = {
  ...tcp,
  client: { address: '203.0.113.0', port: 0 },
  virtual: { address: '192.168.10.88', port: 0 },
  real: { address: '192.168.10.11', port: 0 },
  state: 'ASSURED',
};
const marked: Connection = {
  ...template,
  protocol: 'ip',
  virtual: { address: '1.0.0.7', port: 0 },
  state: 'NONE',
};
const marked6: Connection = {
  ...marked,
  virtual: { address: '0:7::', port: 0 },
  client: { address: '::1', port: 0 },
};
const all = { tcp, six, template, marked, marked6 };

function chosen(filter: ConnectionFilter, frontend?: Frontend): string[] {
  const matches = connectionTest(filter, frontend);
  return Object.entries(all).flatMap(([name, connection]) => (matches(connection) ? [name] : []));
}

describe('a filter of connections', () => {
  const cases: readonly (readonly [ConnectionFilter, readonly string[]])[] = [
    [{}, ['tcp', 'six', 'template', 'marked', 'marked6']],
    [{ protocol: 'udp' }, ['six']],
    [{ protocol: 'ip' }, ['marked', 'marked6']],
    [{ virtualAddress: '2001:DB8:0:0::88' }, ['six']],
    [{ virtualPort: 0 }, ['template', 'marked', 'marked6']],
    [{ virtualAddress: '192.168.10.88', virtualPort: 80 }, ['tcp']],
    [{ realAddress: '192.168.10.12' }, ['six']],
    [{ realPort: 8080 }, ['tcp']],
    [{ state: 'established' }, ['tcp']],
    [{ template: true }, ['template', 'marked', 'marked6']],
    [{ template: false }, ['tcp', 'six']],
    [{ client: '203.0.113.7' }, ['tcp']],
    [{ client: '203.0.113.0/24' }, ['tcp', 'template', 'marked']],
    [{ client: '203.0.113.4/30' }, ['tcp']],
    [{ client: '203.0.113.7/32' }, ['tcp']],
    [{ client: '0.0.0.0/0' }, ['tcp', 'template', 'marked']],
    [{ client: '2001:db8::/33' }, ['six']],
    [{ client: '2001:db8:8000::/33' }, []],
    [{ client: '::/0', protocol: 'udp' }, ['six']],
    [{ client: '203.0.113.0/24', state: 'NONE' }, ['marked']],
  ];
  for (const [filter, expected] of cases) {
    test(`${JSON.stringify(filter)} lets ${expected.join(', ') || 'nothing'} through`, () => {
      assert.deepEqual(chosen(filter), expected);
    });
  }

  for (const [key, expected] of [
    ['tcp/192.168.10.88:80', ['tcp']],
    ['tcp/192.168.10.88:0', ['tcp', 'template']],
    ['udp/192.168.10.88:80', []],
    ['fwmark/ipv4/16777223', ['marked']],
    ['fwmark/ipv6/7', ['marked6']],
  ] as const) {
    test(`of the service ${key} lets ${expected.join(', ') || 'nothing'} through`, () => {
      assert.deepEqual(chosen({ virtualService: key }, parseFrontend(key)), expected);
    });
  }

  test('names all its faults at once', () => {
    const filter = { virtualAddress: 'www', realAddress: '10.0.0.256', client: '10.0.0.0/33' };
    assert.throws(
      () => connectionTest(filter, undefined),
      ({ reason, violations }: DomainError) => {
        assert.equal(reason, 'ADDRESS_INVALID');
        assert.deepEqual(
          violations.map(({ pointer }) => pointer),
          ['/virtualAddress', '/realAddress', '/client'],
        );
        return true;
      },
    );
    for (const client of [
      '10.0.0.0/',
      '10.0.0.0/x',
      '10.0.0.0/-1',
      '10.0.0.0/1/2',
      '/8',
      '::/129',
      'fe80::1%eth0/64',
    ]) {
      assert.throws(() => connectionTest({ client }, undefined), /is no address and no prefix/, client);
    }
  });
});

describe('a connection', () => {
  test('may belong to the service of its port, or to that of all ports', () => {
    assert.deepEqual(frontendKeysOf(tcp), ['tcp/192.168.10.88:80', 'tcp/192.168.10.88:0']);
    assert.deepEqual(frontendKeysOf(template), ['tcp/192.168.10.88:0']);
    assert.deepEqual(destinationKeysOf('tcp/192.168.10.88:80', tcp), [
      'tcp/192.168.10.88:80->192.168.10.11:8080',
      'tcp/192.168.10.88:80->192.168.10.11:0',
    ]);
  });

  test('that is a template of a firewall mark names the mark', () => {
    assert.deepEqual(frontendKeysOf(marked), ['fwmark/ipv4/16777223']);
    assert.deepEqual(frontendKeysOf(marked6), ['fwmark/ipv6/7']);
    const highest = { ...marked, virtual: { address: '255.255.255.255', port: 0 } };
    assert.deepEqual(frontendKeysOf(highest), ['fwmark/ipv4/4294967295']);
  });

  test('without a client port is a template, unless it is one that waits for its client', () => {
    assert.deepEqual(
      Object.values(all).map((one) => isTemplate(one)),
      [false, false, true, true, true],
    );
    assert.equal(isTemplate({ ...template, state: 'LISTEN' }), false);
  });
});
