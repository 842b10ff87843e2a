import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';
import { parse } from 'yaml';
import { effectiveForwarding } from '../../src/domain/desired.js';
import type { Forwarding } from '../../src/domain/schema/forwarding.js';
import { serviceFamily } from '../../src/domain/schema/virtual-service.js';
import { needsOf } from '../../src/domain/setup/needs.js';
import { setupText } from '../../src/domain/setup/setup.js';
import { anyDefinition } from '../support/definition-arbitrary.js';
import { setupOf, setupService, tunnel } from '../support/setup-case.js';

const dr: Forwarding = { method: 'dr' };
const nat: Forwarding = { method: 'nat' };
const RIP = '10.1.0.2';
const RIP6 = 'fd01::2';
const VIP6 = '2001:db8::10';

const EACH = [
  { forwarding: dr, address: RIP },
  { forwarding: dr, address: RIP6, vips: [VIP6] },
  { forwarding: tunnel('ipip'), address: RIP, vips: [VIP6] },
  { forwarding: tunnel('ipip'), address: RIP6 },
  { forwarding: tunnel('gre', 'csum'), address: RIP },
  { forwarding: tunnel('gue', 'remcsum'), address: RIP6, vips: [VIP6] },
  { forwarding: nat, address: RIP, port: 8080 },
  { forwarding: nat, address: RIP6, vips: [VIP6], protocol: 'udp' },
  { forwarding: nat, address: RIP, protocol: null, port: 0 },
  { forwarding: { method: 'fullnat' }, address: RIP },
] as const;

/** The calls in the function setup of a script. */
function steps(script: string): string[] {
  const body = /\nsetup\(\) \{\n(.*?)\n\}/s.exec(script)?.[1] ?? '';
  return body.split('\n').map((line) => line.trim());
}

function contentOf(...args: Parameters<typeof setupOf>): string {
  return setupOf(...args).files[0]?.content ?? '';
}

test('every script is one that a POSIX shell can read, and defines what it calls', () => {
  for (const one of [...EACH.map((each) => [each]), EACH]) {
    const script = contentOf(one);
    const { status, stderr } = spawnSync('sh', ['-n'], { input: script, encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    const called = steps(script).map((line) => line.split(' ')[0] ?? '');
    for (const name of called) assert.ok(['echo'].includes(name) || script.includes(`\n${name}() {`), name);
    const defined = [...script.matchAll(/^(\w+)\(\) \{/gm)].map(([, name]) => name ?? '');
    const text = script.replace(/^(\w+)\(\) \{|^#.*/gm, '');
    for (const name of defined) assert.match(text, new RegExp(`\\b${name}\\b`), `${name} is of no use`);
  }
});

test('dr: silent first, then the VIP where nobody asks for it', () => {
  assert.deepEqual(steps(contentOf([{ forwarding: dr, address: RIP }])), [
    'require_here 10.1.0.2',
    'require_silent 192.0.2.10',
    'at_least net/ipv4/conf/all/arp_ignore 1',
    'at_least net/ipv4/conf/all/arp_announce 2',
    'loosen 10.1.0.2',
    'address 192.0.2.10/32 lo scope host',
    'drop_rest',
    "echo 'this host is ready'",
  ]);
  assert.deepEqual(steps(contentOf([{ forwarding: dr, address: RIP6, vips: [VIP6] }])), [
    'require_here fd01::2',
    'require_silent 2001:db8::10',
    'require_ipv6 lo',
    'address 2001:db8::10/128 lo preferred_lft 0 nodad',
    'drop_rest',
    "echo 'this host is ready'",
  ]);
});

test('tun: a device of the kind that takes the packets out, for each type and pair of families', () => {
  const device = (forwarding: Forwarding, address: string, vip: string) =>
    steps(contentOf([{ forwarding, address, vips: [vip] }])).filter((line) => /^(tunnel|fou) /.test(line));
  const [vip4, v4, v6] = ['192.0.2.10', RIP, RIP6];
  assert.deepEqual(device(tunnel('ipip'), v4, vip4), ['tunnel ipip-0a010002 ipip 10.1.0.2']);
  assert.deepEqual(device(tunnel('ipip'), v4, VIP6), ['tunnel sit-0a010002 sit 10.1.0.2']);
  const [six] = device(tunnel('ipip'), v6, vip4);
  assert.match(six ?? '', /^tunnel ip6tnl-[0-9a-f]{8} ip6tnl fd01::2 mode any$/);
  assert.deepEqual(device(tunnel('ipip'), v6, VIP6), [six]);
  assert.deepEqual(device(tunnel('gre'), v4, VIP6), ['tunnel gre-0a010002 gre 10.1.0.2']);
  assert.deepEqual(device(tunnel('gre', 'csum'), v4, vip4), ['tunnel gre-0a010002 gre 10.1.0.2 icsum']);
  assert.match(device(tunnel('gre'), v6, vip4)[0] ?? '', /^tunnel ip6gre-[0-9a-f]{8} ip6gre fd01::2$/);
  assert.deepEqual(device(tunnel('gue'), v4, vip4), ['fou -4 6080', 'tunnel ipip-0a010002 ipip 10.1.0.2']);
  assert.deepEqual(device(tunnel('gue'), v6, VIP6), ['fou -6 6080', six]);
});

test('nat: replies of the service go back by the director, everything else as before', () => {
  const rule = (service: Partial<Parameters<typeof setupService>[0]>) =>
    steps(contentOf([{ forwarding: nat, address: RIP, ...service }])).find((line) =>
      /^reply_rule/.test(line),
    );
  assert.match(rule({ port: 8080 }) ?? '', /^reply_rule -4 \d+ from 10\.1\.0\.2 ipproto tcp sport 8080$/);
  assert.match(rule({ protocol: 'udp', port: 53 }) ?? '', /^reply_rule -4 \d+ ipproto udp sport 53$/);
  assert.match(rule({ protocol: null, port: 0 }) ?? '', /^reply_rule -4 \d+ from 10\.1\.0\.2$/);
});

test('fullnat, and the director as its own real server, need nothing and say why', () => {
  const route = { interface: 'lo', source: RIP, gateway: null, mtu: 65536, local: true };
  for (const [services, request, why] of [
    [[{ forwarding: { method: 'fullnat' }, address: RIP }], {}, /needs nothing on the real server/],
    [[{ forwarding: dr, address: RIP }], { route }, /is the director itself/],
  ] as const) {
    const setup = setupOf(services, request);
    assert.match(setup.remarks.join(), why);
    assert.deepEqual(steps(setup.files[0]?.content ?? ''), [
      'drop_rest',
      "echo 'nothing to do on this host'",
    ]);
  }
});

test('a host behind several services needs each thing once', () => {
  const needs = needsOf(
    [
      { forwarding: dr, address: RIP },
      { forwarding: dr, address: RIP, port: 443 },
      { forwarding: tunnel('ipip'), address: RIP },
    ].map(setupService),
  );
  assert.deepEqual(
    needs.map((need) => need.kind),
    ['sysctl', 'sysctl', 'arrival', 'address', 'tunnel', 'sysctl', 'address'],
  );
});

test('what lvsd does not know is named, and the script does not run with it', () => {
  const setup = setupOf([{ forwarding: nat, address: RIP, dip: '@DIP@' }]);
  assert.deepEqual(setup.placeholders, ['@DIP@']);
  assert.match(setup.remarks.join(), /ask again with dip=ADDRESS/);
  assert.match(steps(setup.files[0]?.content ?? '')[0] ?? '', /^fail .*@DIP@/);
  const marked = setupOf([{ forwarding: dr, address: RIP, vips: ['@VIP@'], family: 'ipv4' }]);
  assert.deepEqual(marked.placeholders, ['@VIP@']);
  assert.match(marked.remarks.join(), /ask again with vip=ADDRESS/);
});

test('networkd: a drop-in for each real server, files for each device', () => {
  const gue = setupOf([{ forwarding: tunnel('gue'), address: RIP }], { format: 'networkd' });
  assert.deepEqual(
    gue.files.map(({ path }) => path),
    [
      '/etc/systemd/network/10-lvsd-ipip-0a010002.network',
      '/etc/systemd/network/10-lvsd-ipip-0a010002.netdev',
      '/etc/systemd/system/lvsd-gue-6080.service',
      '/etc/sysctl.d/60-lvsd-default.shop.http.web-1.conf',
      '/etc/systemd/network/10-lvsd-ipip-0a010002.network.d/default.shop.http.web-1.conf',
    ],
  );
  const content = (end: string) => gue.files.find(({ path }) => path.endsWith(end))?.content ?? '';
  assert.match(
    content('0002.netdev'),
    /Kind=ipip\n\n\[Tunnel\]\nIndependent=yes\nLocal=10\.1\.0\.2\nRemote=any\n$/,
  );
  assert.match(content('web-1.conf'), /net\/ipv4\/conf\/ipip-0a010002\/rp_filter = 2\n$/);
  assert.match(content('.service'), /ExecStart=ip -4 fou add port 6080 gue\n/);
  for (const { forwarding, address } of EACH) {
    const text = setupText(setupOf([{ forwarding, address }], { format: 'networkd', undo: true }));
    assert.equal(spawnSync('sh', ['-n'], { input: text }).status, 0, text);
  }
  const undo = setupText(setupOf([{ forwarding: dr, address: RIP }], { format: 'networkd', undo: true }));
  assert.match(undo, /rm -f .*default\.shop\.http\.web-1\.conf/);
});

test('ansible: standard modules, and the very script of format shell', () => {
  for (const service of EACH) {
    const install = contentOf([service], { format: 'ansible' });
    const tag = { tag: '!unsafe', resolve: (text: string) => text };
    const [play] = parse(install, { customTags: [tag] }) as [
      { tasks: Record<string, { content?: string }>[] },
    ];
    assert.equal(play.tasks[0]?.['ansible.builtin.copy']?.content, contentOf([service]));
    for (const task of [
      ...play.tasks,
      ...parse(contentOf([service], { format: 'ansible', undo: true }))[0].tasks,
    ]) {
      assert.ok(
        Object.keys(task).some((key) => key.startsWith('ansible.builtin.')),
        JSON.stringify(task),
      );
    }
  }
});

test('every real server of any definition gets a setup whose names the kernel takes', () => {
  fc.assert(
    fc.property(anyDefinition, ({ spec, virtualServices }) => {
      for (const service of Object.values(virtualServices)) {
        for (const server of Object.values(service.realServers)) {
          const forwarding = effectiveForwarding(spec, service.spec, server.spec);
          const needs = needsOf([
            setupService({
              forwarding,
              address: server.spec.address,
              family: serviceFamily(service.spec),
              vips: [service.spec.address ?? '@VIP@'],
            }),
          ]);
          for (const need of needs) {
            if ('device' in need) assert.match(need.device, /^[a-z0-9-]{1,15}$/);
            if (need.kind === 'reply-route') assert.ok(need.table > 255 && need.table < 32_766);
          }
          assert.equal(needs.length === 0, forwarding.method === 'fullnat');
        }
      }
    }),
    { numRuns: 100 },
  );
});
