/** Each check on its own: a host that is ready has no findings, and each thing that is wrong has its one finding. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { CheckedService, Facts, HostFacts } from '../../src/domain/preflight/facts.js';
import { FINDINGS, type FindingId } from '../../src/domain/preflight/finding.js';
import { preflightFindings } from '../../src/domain/preflight/preflight.js';
import type { Route } from '../../src/domain/route.js';
import type { Forwarding } from '../../src/domain/schema/forwarding.js';

const VIP = '192.0.2.10';
const RIP = '10.0.0.1';
const near: Route = { interface: 'eth1', source: '10.0.0.254', gateway: null, mtu: 1600, local: false };

const capabilities = {
  ...{ ipv6: true, sctp: true, schedulers: ['rr', 'wrr'], persistenceEngines: [], tunnelTypes: ['ipip'] },
  ...{ fullnat: true, fullnatMissing: null, vipBinding: true, vipBindingMissing: null },
};

const host: HostFacts = {
  links: [
    { name: 'lo', up: true, ethernet: false, mtu: 65536 },
    { name: 'eth0', up: true, ethernet: true, mtu: 1500 },
    { name: 'eth1', up: true, ethernet: true, mtu: 1600 },
  ],
  addresses: new Set([VIP, '2001:db8::10']),
  sysctls: new Map<string, string | null>([
    ['net/ipv4/ip_forward', '1'],
    ['net/ipv6/conf/all/forwarding', '1'],
    ['net/ipv4/conf/all/rp_filter', '2'],
    ['net/ipv4/conf/all/arp_ignore', '1'],
    ['net/ipv4/vs/conntrack', '1'],
    ['net/ipv4/vs/expire_nodest_conn', '1'],
    ['net/ipv4/vs/expire_quiescent_template', '1'],
    ['net/ipv4/vs/conn_reuse_mode', '1'],
    ['net/netfilter/nf_conntrack_count', '10'],
    ['net/netfilter/nf_conntrack_max', '1000'],
  ]),
  routes: new Map([
    [RIP, near],
    [VIP, { ...near, local: true }],
  ]),
};

function service(method: Forwarding['method'], change: Partial<CheckedService> = {}): CheckedService {
  const forwarding = {
    method,
    ...(method === 'tun' && { tunnel: { type: 'ipip', checksum: 'none' } }),
  } as Forwarding;
  return {
    path: 'projects/default/clusters/shop/virtual-services/http',
    spec: {
      ...{ protocol: 'tcp', address: VIP, port: 80, scheduler: 'rr', schedulerFlags: [] },
      ...{ persistence: null, onePacket: false },
    },
    vipInterface: null,
    servers: [
      {
        path: 'projects/default/clusters/shop/virtual-services/http/real-servers/a',
        address: RIP,
        forwarding,
      },
    ],
    ...change,
  };
}

interface Change {
  readonly facts?: Partial<Facts>;
  readonly host?: Partial<HostFacts> | null;
  readonly sysctls?: Readonly<Record<string, string | null>>;
  readonly route?: Partial<Route> | null;
}

function findings(services: readonly CheckedService[], change: Change = {}) {
  const routes = new Map(host.routes);
  if (change.route !== undefined) routes.set(RIP, change.route && { ...near, ...change.route });
  const sysctls = new Map([...host.sysctls, ...Object.entries(change.sysctls ?? {})]);
  return preflightFindings({
    isModel: false,
    kernel: { release: '6.1.0', connectionTableSize: 4096, capabilities },
    unreachableReason: null,
    host: change.host === null ? null : { ...host, routes, sysctls, ...change.host },
    services,
    unchecked: 0,
    ...change.facts,
  });
}

test('a host that is ready has no findings; nat has its reminder', () => {
  for (const method of ['dr', 'tun', 'fullnat'] as const) assert.deepEqual(findings([service(method)]), []);
  assert.deepEqual(
    findings([service('nat')]).map(({ id }) => id),
    ['NAT_RETURN_PATH'],
  );
});

const kernel = { release: '5.4.0', connectionTableSize: 4096, capabilities };
const persistent = {
  ...service('dr').spec,
  persistence: { timeoutSeconds: 300, prefixLength: 32, engine: null },
};

/** What is wrong, the finding, and its remedy (null: none). */
const CASES: readonly [FindingId, CheckedService, Change, RegExp | null][] = [
  ['IPVS_UNAVAILABLE', service('dr'), { facts: { unreachableReason: 'no family IPVS' } }, /^modprobe ip_vs$/],
  ['IPVS_UNAVAILABLE', service('dr'), { facts: { kernel: null } }, /^modprobe ip_vs$/],
  [
    'SCHEDULER_UNAVAILABLE',
    service('dr', { spec: { ...service('dr').spec, scheduler: 'mh' } }),
    {},
    /^modprobe ip_vs_mh$/,
  ],
  [
    'EXPIRE_NODEST_CONN_OFF',
    service('dr'),
    { sysctls: { 'net/ipv4/vs/expire_nodest_conn': '0' } },
    /^sysctl -w net\.ipv4\.vs\.expire_nodest_conn=1$/,
  ],
  [
    'EXPIRE_QUIESCENT_TEMPLATE_OFF',
    service('dr', { spec: persistent }),
    { sysctls: { 'net/ipv4/vs/expire_quiescent_template': '0' } },
    /=1$/,
  ],
  ['CONN_REUSE_DELAY', service('dr'), { facts: { kernel } }, /^sysctl -w net\.ipv4\.vs\.conn_reuse_mode=0$/],
  [
    'IP_FORWARD_OFF',
    service('fullnat'),
    { sysctls: { 'net/ipv4/ip_forward': '0' } },
    /^sysctl -w net\.ipv4\.ip_forward=1$/,
  ],
  [
    'RP_FILTER_STRICT',
    service('tun'),
    { sysctls: { 'net/ipv4/conf/all/rp_filter': '0', 'net/ipv4/conf/eth0/rp_filter': '1' } },
    /^sysctl -w net\.ipv4\.conf\.eth0\.rp_filter=2$/,
  ],
  ['ARP_FLUX', service('dr'), { sysctls: { 'net/ipv4/conf/all/arp_ignore': '0' } }, /arp_ignore=1$/],
  [
    'FULLNAT_UNAVAILABLE',
    service('fullnat'),
    {
      facts: {
        kernel: {
          ...kernel,
          release: '6.1.0',
          capabilities: {
            ...capabilities,
            fullnat: false,
            fullnatMissing: 'ipset is not installed: install it.',
          },
        },
      },
    },
    null,
  ],
  [
    'CONNTRACK_OFF',
    service('fullnat'),
    { sysctls: { 'net/ipv4/vs/conntrack': '0' } },
    /^sysctl -w net\.ipv4\.vs\.conntrack=1$/,
  ],
  [
    'CONNTRACK_TABLE_FULL',
    service('fullnat'),
    { sysctls: { 'net/netfilter/nf_conntrack_count': '900' } },
    /nf_conntrack_max=2000$/,
  ],
  [
    'VIP_MISSING',
    service('dr'),
    {
      host: {
        addresses: new Set(),
        routes: new Map([
          [RIP, near],
          [VIP, near],
        ]),
      },
    },
    /^ip addr add 192\.0\.2\.10\/32 dev eth1$/,
  ],
  ['VIP_INTERFACE_MISSING', service('dr', { vipInterface: 'bond7' }), {}, null],
  [
    'VIP_INTERFACE_DOWN',
    service('dr', { vipInterface: 'eth0' }),
    { host: { links: host.links.map((link) => ({ ...link, up: link.name !== 'eth0' })) } },
    /^ip link set eth0 up$/,
  ],
  ['REAL_SERVER_UNREACHABLE', service('dr'), { route: null }, null],
  [
    'REAL_SERVER_NOT_ON_SEGMENT',
    service('dr'),
    { route: { gateway: '10.0.0.9' } },
    /^curl .*"method":"fullnat".*virtual-services\/http"$/,
  ],
  ['REAL_SERVER_IS_DIRECTOR', service('dr'), { route: { local: true } }, null],
  ['NAT_BEHIND_ROUTER', service('nat'), { route: { gateway: '10.0.0.9' } }, null],
  ['TUNNEL_MTU', service('tun'), { route: { mtu: 1500 } }, /^ip link set dev eth1 mtu 1520$/],
  ['MEMORY_DRIVER', service('dr'), { facts: { isModel: true } }, null],
  ['HOST_NOT_READABLE', service('dr'), { host: null }, null],
  ['TOO_MANY_REAL_SERVERS', service('dr'), { facts: { unchecked: 3 } }, null],
];

for (const [id, one, change, remedy] of CASES) {
  test(`${id} is found, alone, with its remedy`, () => {
    const found = findings([one], change);
    assert.deepEqual(
      found.map((each) => each.id),
      [id],
    );
    const [{ severity, why, seen, advice, remedy: command }] = found as [(typeof found)[number]];
    assert.deepEqual({ severity, why }, FINDINGS[id]);
    for (const sentence of [seen, advice, why]) assert.match(sentence, /\.$/);
    if (remedy === null) assert.equal(command, null);
    else assert.match(command ?? '', remedy);
  });
}

test('a small connection table is told when there are many services', () => {
  const many = Array.from({ length: 100 }, () => service('dr'));
  assert.deepEqual(
    findings(many).map(({ id }) => id),
    ['CONNECTION_TABLE_SMALL'],
  );
});

test('docs/preflight.md has the table of all findings', () => {
  const page = readFileSync(new URL('../../../docs/preflight.md', import.meta.url), 'utf8');
  const rows = Object.entries(FINDINGS).map(
    ([id, { severity, why }]) => `| \`${id}\` | ${severity} | ${why} |`,
  );
  assert.deepEqual(
    page.split('\n').filter((line) => line.startsWith('| `')),
    rows,
  );
});

test('every finding of the table has a case', () => {
  const shown = new Set<string>([...CASES.map(([id]) => id), 'NAT_RETURN_PATH', 'CONNECTION_TABLE_SMALL']);
  assert.deepEqual(
    Object.keys(FINDINGS).filter((id) => !shown.has(id)),
    [],
  );
});

test('the worst come first, and a real server behind many services is told once for each method', () => {
  const found = findings([service('nat'), service('nat'), service('dr')], { route: { gateway: '10.0.0.9' } });
  assert.deepEqual(
    found.map(({ id }) => id),
    ['REAL_SERVER_NOT_ON_SEGMENT', 'NAT_BEHIND_ROUTER'],
  );
});

test('IPv6 has its own forwarding switch and prefix length; a name with dots is left as a path', () => {
  const six = service('fullnat', {
    spec: { ...service('fullnat').spec, address: '2001:db8::11' },
    servers: [{ path: 'p', address: '2001:db8:1::1', forwarding: { method: 'fullnat' } }],
  });
  const routes = new Map([['2001:db8:1::1', near]]);
  const links = [...host.links, { name: 'eth0.100', up: true, ethernet: true, mtu: 1500 }];
  const found = findings([six], {
    host: { routes, links },
    sysctls: {
      ...{ 'net/ipv6/conf/all/forwarding': '0', 'net/ipv4/ip_forward': '0' },
      ...{ 'net/ipv4/conf/all/rp_filter': '0', 'net/ipv4/conf/eth0.100/rp_filter': '1' },
    },
  });
  const remedies = found.map(({ remedy }) => remedy);
  assert.deepEqual(remedies, [
    'sysctl -w net.ipv6.conf.all.forwarding=1',
    'ip addr add 2001:db8::11/128 dev eth0',
    'sysctl -w net/ipv4/conf/eth0.100/rp_filter=2',
  ]);
});
