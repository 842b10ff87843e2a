import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parse } from 'yaml';
import { ipvsadmSave } from '../../src/domain/ipvsadm-text.js';
import type { Definition } from '../../src/domain/schema/definition.js';
import { createTextFiles } from '../../src/formats/config-files.js';
import type { DefinitionDocument } from '../../src/formats/definition.js';
import { readIpvsadmSave } from '../../src/formats/ipvsadm/save.js';
import { writeIpvsadmSave } from '../../src/formats/ipvsadm/write.js';
import { readKeepalived } from '../../src/formats/keepalived/read.js';
import { writeKeepalived } from '../../src/formats/keepalived/write.js';
import { normaliseDocument } from '../../src/formats/normalise.js';
import type { ImportResult } from '../../src/formats/result.js';
import { writeYaml } from '../../src/formats/yaml.js';
import { anyDefinition } from '../support/definition-arbitrary.js';
import { checkImport } from '../support/import-checks.js';
import { operationsOf } from '../support/imported-table.js';

/** What the kernel would be told, in the order of the keys. */
function kernelView(definition: Definition): string[] {
  return operationsOf(definition)
    .map((operation) => JSON.stringify(operation))
    .sort();
}

function assertSame(result: ImportResult, definition: Definition): void {
  checkImport(result);
  assert.deepEqual(result.findings, []);
  const [document] = Object.values(result.clusters);
  assert.ok(document);
  assert.deepEqual(kernelView(normaliseDocument(document)), kernelView(definition));
}

test('what is written for ipvsadm -R reads back as the same definition', () => {
  const property = fc.property(anyDefinition, (definition) => {
    const { text, omissions } = writeIpvsadmSave(definition);
    assert.deepEqual(omissions, []);
    assertSame(readIpvsadmSave(text), definition);
  });
  fc.assert(property, { numRuns: 400 });
});

test('what is written for keepalived reads back as the same definition', () => {
  const property = fc.property(anyDefinition, (definition) => {
    const { text, omissions } = writeKeepalived(definition);
    assert.deepEqual(omissions, []);
    assertSame(readKeepalived('k.conf', createTextFiles({ 'k.conf': text })), definition);
  });
  fc.assert(property, { numRuns: 400 });
});

test('YAML says what JSON says', () => {
  fc.assert(
    fc.property(anyDefinition, (definition) => {
      assert.deepEqual(parse(writeYaml(definition)), JSON.parse(JSON.stringify(definition)));
    }),
    { numRuns: 50 },
  );
});

test('without thresholds and high marks, ipvsadm prints the very lines that are written', () => {
  const text = writeIpvsadmSave(normaliseDocument(SMALL)).text;
  const destination = {
    key: 'd', managed: true, resource: null, port: 80, weight: 1, upperThreshold: 0, lowerThreshold: 0,
    activeConnections: 0, inactiveConnections: 0, persistentConnections: 0,
  } as const; // biome-ignore format: a row of a table
  const printed = ipvsadmSave({
    services: [
      {
        key: 's', managed: true, resource: null, protocol: 'tcp', address: '192.0.2.1', port: 80, family: 'ipv4',
        scheduler: 'sh', schedulerFlags: ['flag-1'], onePacket: false,
        persistence: { timeoutSeconds: 60, netmask: '255.255.255.0', engine: null },
        destinations: [
          { ...destination, address: '10.0.0.1', method: 'nat', port: 8080, tunnel: null },
          { ...destination, address: '10.0.0.2', method: 'tun', tunnel: { type: 'gre', port: 0, checksum: 'csum' } },
        ],
      },
    ],
  }); // biome-ignore format: a row of a table
  assert.equal(text, printed);
});

const SMALL: DefinitionDocument = {
  spec: {},
  virtualServices: {
    s: {
      spec: {
        protocol: 'tcp',
        address: '192.0.2.1',
        port: 80,
        scheduler: 'sh',
        schedulerFlags: ['sh-fallback'],
        persistence: { timeoutSeconds: 60, prefixLength: 24 },
      },
      realServers: {
        a: { spec: { address: '10.0.0.1', port: 8080, forwarding: { method: 'nat' } } },
        b: {
          spec: {
            address: '10.0.0.2',
            forwarding: { method: 'tun', tunnel: { type: 'gre', checksum: 'csum' } },
          },
        },
      },
    },
  },
};

test('what the other side has no word for is told', () => {
  const definition = normaliseDocument({
    spec: { description: 'shop', vip: { interface: 'eth0' }, forwarding: { method: 'fullnat' } },
    virtualServices: {
      web: {
        spec: { protocol: 'tcp', address: '192.0.2.1', port: 80 },
        realServers: {
          a: { spec: { address: '10.0.0.1', adminState: 'disabled' } },
          b: { spec: { address: '10.0.0.2', adminState: 'drain', weight: 5, drainTimeoutSeconds: 60 } },
        },
      },
      empty: { spec: { protocol: 'tcp', address: '192.0.2.1', port: 81 }, realServers: {} },
    },
  });
  const labelled = { ...definition, labels: { team: 'web' } };
  assert.equal(
    writeIpvsadmSave(labelled).text,
    '-A -t 192.0.2.1:80 -s wlc\n-a -t 192.0.2.1:80 -r 10.0.0.2:80 -m -w 0\n-A -t 192.0.2.1:81 -s wlc\n',
  );
  const common = [
    '/labels',
    '/spec/description',
    '/spec/vip/interface',
    '/virtualServices/web/realServers/a/spec/forwarding',
    '/virtualServices/web/realServers/a',
    '/virtualServices/web/realServers/b/spec/forwarding',
    '/virtualServices/web/realServers/b/spec/adminState',
    '/virtualServices/web/realServers/b/spec/drainTimeoutSeconds',
  ];
  assert.deepEqual(pointers(writeIpvsadmSave(labelled)), common);
  assert.deepEqual(pointers(writeKeepalived(labelled)), [...common, '/virtualServices/empty']);
});

function pointers({ omissions }: { readonly omissions: readonly { readonly pointer: string }[] }): string[] {
  return omissions.map(({ pointer }) => pointer);
}
