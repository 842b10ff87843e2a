/**
 * Every attribute that a definition can give a virtual service and its real servers, with the lines of `ipvsadm -Sn` that
 * it must lead to. The lines are written by hand, from ipvsadm(8).
 */
import type { Json } from './doors.js';

interface Expected {
  /** `ipvsadm -Sn`: the whole table but for foreign entries. */
  readonly saved: readonly string[];
  /** Destinations with thresholds: address, upper, lower. */
  readonly thresholds?: readonly string[];
}

export interface Edit extends Expected {
  readonly how: 'replace' | 'update';
  /** Path under the cluster: '' is the cluster itself. */
  readonly path: string;
  readonly spec: Json;
}

export interface AttributeCase extends Expected {
  readonly name: string;
  /** The cluster's. */
  readonly forwarding?: Json;
  readonly service: Json;
  readonly servers?: Readonly<Record<string, Json>>;
  readonly edits?: readonly Edit[];
}

const SERVICE = 'virtual-services/s';
const SERVER = `${SERVICE}/real-servers/a`;

const web = { protocol: 'tcp', address: '10.1.0.1', port: 80 };
const dns = { protocol: 'udp', address: '10.1.0.1', port: 53 };
const a = { address: '10.2.0.1' };
const nat = { method: 'nat' };

function put(path: string, spec: Json, ...saved: string[]): Edit {
  return { how: 'replace', path, spec, saved };
}

function patch(path: string, spec: Json, ...saved: string[]): Edit {
  return { how: 'update', path, spec, saved };
}

const WEB_WLC = '-A -t 10.1.0.1:80 -s wlc';
const WEB_A = '-a -t 10.1.0.1:80 -r 10.2.0.1:80 -g -w 1';

const frontends: readonly AttributeCase[] = [
  {
    name: 'defaults: wlc, direct routing, weight 1, the port of the service',
    service: web,
    servers: { a },
    saved: [WEB_WLC, WEB_A],
    edits: [
      put(
        SERVICE,
        { ...web, port: 81 },
        '-A -t 10.1.0.1:81 -s wlc',
        '-a -t 10.1.0.1:81 -r 10.2.0.1:81 -g -w 1',
      ),
      patch(
        SERVICE,
        { address: '10.1.0.2' },
        '-A -t 10.1.0.2:81 -s wlc',
        '-a -t 10.1.0.2:81 -r 10.2.0.1:81 -g -w 1',
      ),
      patch(
        SERVICE,
        { protocol: 'udp' },
        '-A -u 10.1.0.2:81 -s wlc',
        '-a -u 10.1.0.2:81 -r 10.2.0.1:81 -g -w 1',
      ),
      patch(
        SERVER,
        { address: '10.2.0.9' },
        '-A -u 10.1.0.2:81 -s wlc',
        '-a -u 10.1.0.2:81 -r 10.2.0.9:81 -g -w 1',
      ),
    ],
  },
  { name: 'a service without real servers', service: web, saved: [WEB_WLC] },
  {
    name: 'udp',
    service: { ...dns, scheduler: 'rr' },
    servers: { a },
    saved: ['-A -u 10.1.0.1:53 -s rr', '-a -u 10.1.0.1:53 -r 10.2.0.1:53 -g -w 1'],
  },
  {
    name: 'sctp',
    service: { protocol: 'sctp', address: '10.1.0.1', port: 2905 },
    servers: { a },
    saved: [
      '-A --sctp-service 10.1.0.1:2905 -s wlc',
      '-a --sctp-service 10.1.0.1:2905 -r 10.2.0.1:2905 -g -w 1',
    ],
  },
  {
    name: 'tcp over IPv6',
    service: { protocol: 'tcp', address: '2001:DB8:0::1', port: 443 },
    servers: { a: { address: '2001:db8:1:0::a' } },
    saved: ['-A -t [2001:db8::1]:443 -s wlc', '-a -t [2001:db8::1]:443 -r [2001:db8:1::a]:443 -g -w 1'],
    edits: [
      patch(
        SERVICE,
        { persistence: { prefixLength: 56 } },
        '-A -t [2001:db8::1]:443 -s wlc -p 300 -M 56',
        '-a -t [2001:db8::1]:443 -r [2001:db8:1::a]:443 -g -w 1',
      ),
    ],
  },
  {
    name: 'udp and sctp over IPv6',
    service: { protocol: 'sctp', address: '2001:db8::1', port: 2905, scheduler: 'rr' },
    servers: { a: { address: '2001:db8:1::a', weight: 7 } },
    saved: [
      '-A --sctp-service [2001:db8::1]:2905 -s rr',
      '-a --sctp-service [2001:db8::1]:2905 -r [2001:db8:1::a]:2905 -g -w 7',
    ],
    edits: [
      patch(
        SERVICE,
        { protocol: 'udp' },
        '-A -u [2001:db8::1]:2905 -s rr',
        '-a -u [2001:db8::1]:2905 -r [2001:db8:1::a]:2905 -g -w 7',
      ),
    ],
  },
  {
    name: 'a firewall mark',
    service: { fwmark: 7, family: 'ipv4', scheduler: 'rr' },
    servers: { a, b: { address: '10.2.0.2', port: 8080, forwarding: nat } },
    saved: ['-A -f 7 -s rr', '-a -f 7 -r 10.2.0.1:0 -g -w 1', '-a -f 7 -r 10.2.0.2:8080 -m -w 1'],
    edits: [
      patch(
        SERVICE,
        { fwmark: 2_147_483_647, scheduler: 'sed' },
        '-A -f 2147483647 -s sed',
        '-a -f 2147483647 -r 10.2.0.1:0 -g -w 1',
        '-a -f 2147483647 -r 10.2.0.2:8080 -m -w 1',
      ),
    ],
  },
  {
    name: 'a firewall mark for IPv6, persistent',
    service: { fwmark: 8, family: 'ipv6', persistence: { timeoutSeconds: 60 } },
    servers: { a: { address: '2001:db8:1::a' } },
    saved: ['-A -f 8 -6 -s wlc -p 60', '-a -f 8 -6 -r [2001:db8:1::a]:0 -g -w 1'],
    edits: [
      patch(
        SERVICE,
        { persistence: { prefixLength: 64 } },
        '-A -f 8 -6 -s wlc -p 60 -M 64',
        '-a -f 8 -6 -r [2001:db8:1::a]:0 -g -w 1',
      ),
    ],
  },
  {
    name: 'port 0, all ports, with persistence',
    service: { ...web, port: 0, persistence: { timeoutSeconds: 90 } },
    servers: { a },
    saved: ['-A -t 10.1.0.1:0 -s wlc -p 90', '-a -t 10.1.0.1:0 -r 10.2.0.1:0 -g -w 1'],
  },
];

const schedulers: readonly AttributeCase[] = [
  ...['rr', 'wrr', 'lc', 'wlc', 'lblc', 'lblcr', 'dh', 'sh', 'sed', 'nq', 'fo', 'ovf', 'mh'].map(
    (scheduler): AttributeCase => ({
      name: `scheduler ${scheduler}`,
      service: { ...web, scheduler },
      servers: { a },
      saved: [`-A -t 10.1.0.1:80 -s ${scheduler}`, WEB_A],
    }),
  ),
  {
    name: 'a scheduler is changed in place and goes back to its default',
    service: { ...web, scheduler: 'wrr' },
    servers: { a },
    saved: ['-A -t 10.1.0.1:80 -s wrr', WEB_A],
    edits: [
      patch(SERVICE, { scheduler: 'dh' }, '-A -t 10.1.0.1:80 -s dh', WEB_A),
      put(SERVICE, { ...web, scheduler: 'nq' }, '-A -t 10.1.0.1:80 -s nq', WEB_A),
      patch(SERVICE, { scheduler: null }, WEB_WLC, WEB_A),
    ],
  },
  {
    name: 'flags of sh',
    service: { ...web, scheduler: 'sh', schedulerFlags: ['sh-port', 'sh-fallback'] },
    saved: ['-A -t 10.1.0.1:80 -s sh -b sh-fallback,sh-port'],
    edits: [
      patch(SERVICE, { schedulerFlags: ['sh-port'] }, '-A -t 10.1.0.1:80 -s sh -b sh-port'),
      patch(SERVICE, { schedulerFlags: ['sh-fallback'] }, '-A -t 10.1.0.1:80 -s sh -b sh-fallback'),
      patch(SERVICE, { schedulerFlags: null }, '-A -t 10.1.0.1:80 -s sh'),
    ],
  },
  {
    name: 'flags of mh',
    service: { ...web, scheduler: 'mh', schedulerFlags: ['mh-fallback'] },
    servers: { a },
    saved: ['-A -t 10.1.0.1:80 -s mh -b mh-fallback', WEB_A],
    edits: [
      patch(
        SERVICE,
        { schedulerFlags: ['mh-fallback', 'mh-port'] },
        '-A -t 10.1.0.1:80 -s mh -b mh-fallback,mh-port',
        WEB_A,
      ),
      patch(
        SERVICE,
        { scheduler: 'sh', schedulerFlags: ['sh-port'] },
        '-A -t 10.1.0.1:80 -s sh -b sh-port',
        WEB_A,
      ),
      put(SERVICE, { ...web, scheduler: 'mh' }, '-A -t 10.1.0.1:80 -s mh', WEB_A),
    ],
  },
];

const scheduling: readonly AttributeCase[] = [
  {
    name: 'persistence: default timeout, timeout, prefix, none',
    service: { ...web, persistence: {} },
    servers: { a },
    saved: ['-A -t 10.1.0.1:80 -s wlc -p 300', WEB_A],
    edits: [
      patch(SERVICE, { persistence: { timeoutSeconds: 77 } }, '-A -t 10.1.0.1:80 -s wlc -p 77', WEB_A),
      patch(
        SERVICE,
        { persistence: { prefixLength: 24 } },
        '-A -t 10.1.0.1:80 -s wlc -p 77 -M 255.255.255.0',
        WEB_A,
      ),
      patch(
        SERVICE,
        { persistence: { prefixLength: 9, timeoutSeconds: null } },
        '-A -t 10.1.0.1:80 -s wlc -p 300 -M 255.128.0.0',
        WEB_A,
      ),
      patch(SERVICE, { persistence: null }, WEB_WLC, WEB_A),
      put(
        SERVICE,
        { ...web, persistence: { prefixLength: 1 } },
        '-A -t 10.1.0.1:80 -s wlc -p 300 -M 128.0.0.0',
        WEB_A,
      ),
      put(SERVICE, web, WEB_WLC, WEB_A),
    ],
  },
  {
    name: 'persistence by the Call-ID of SIP',
    service: { ...dns, port: 5060, persistence: { timeoutSeconds: 120, engine: 'sip' } },
    saved: ['-A -u 10.1.0.1:5060 -s wlc -p 120 --pe sip'],
    edits: [
      patch(SERVICE, { persistence: { engine: null } }, '-A -u 10.1.0.1:5060 -s wlc -p 120'),
      patch(
        SERVICE,
        { persistence: { engine: 'sip', prefixLength: 16 }, onePacket: true },
        '-A -u 10.1.0.1:5060 -s wlc -p 120 -M 255.255.0.0 --pe sip -o',
      ),
      patch(SERVICE, { persistence: null, onePacket: null }, '-A -u 10.1.0.1:5060 -s wlc'),
    ],
  },
  {
    name: 'one-packet scheduling',
    service: { ...dns, onePacket: true },
    saved: ['-A -u 10.1.0.1:53 -s wlc -o'],
    edits: [
      patch(SERVICE, { onePacket: false }, '-A -u 10.1.0.1:53 -s wlc'),
      patch(SERVICE, { onePacket: true }, '-A -u 10.1.0.1:53 -s wlc -o'),
      put(SERVICE, dns, '-A -u 10.1.0.1:53 -s wlc'),
    ],
  },
];

const realServers: readonly AttributeCase[] = [
  {
    name: 'weights, 0 and the greatest among them',
    service: web,
    servers: { a: { ...a, weight: 0 }, b: { address: '10.2.0.2', weight: 65535 } },
    saved: [
      WEB_WLC,
      '-a -t 10.1.0.1:80 -r 10.2.0.1:80 -g -w 0',
      '-a -t 10.1.0.1:80 -r 10.2.0.2:80 -g -w 65535',
    ],
    edits: [
      patch(
        SERVER,
        { weight: 12 },
        WEB_WLC,
        '-a -t 10.1.0.1:80 -r 10.2.0.1:80 -g -w 12',
        '-a -t 10.1.0.1:80 -r 10.2.0.2:80 -g -w 65535',
      ),
      patch(SERVER, { weight: null }, WEB_WLC, WEB_A, '-a -t 10.1.0.1:80 -r 10.2.0.2:80 -g -w 65535'),
    ],
  },
  {
    name: 'administrative states: drain is weight 0, disabled is not in the kernel',
    service: web,
    servers: {
      a: { ...a, weight: 5, adminState: 'drain' },
      b: { address: '10.2.0.2', adminState: 'disabled' },
    },
    saved: [WEB_WLC, '-a -t 10.1.0.1:80 -r 10.2.0.1:80 -g -w 0'],
    edits: [
      patch(SERVER, { adminState: 'active' }, WEB_WLC, '-a -t 10.1.0.1:80 -r 10.2.0.1:80 -g -w 5'),
      patch(SERVER, { adminState: 'disabled' }, WEB_WLC),
      patch(
        `${SERVICE}/real-servers/b`,
        { adminState: null },
        WEB_WLC,
        '-a -t 10.1.0.1:80 -r 10.2.0.2:80 -g -w 1',
      ),
    ],
  },
  {
    name: 'thresholds',
    service: web,
    servers: { a: { ...a, upperThreshold: 1000, lowerThreshold: 600 } },
    saved: [WEB_WLC, WEB_A],
    thresholds: ['10.2.0.1:80 1000 600'],
    edits: [
      { ...patch(SERVER, { lowerThreshold: null }, WEB_WLC, WEB_A), thresholds: ['10.2.0.1:80 1000 0'] },
      {
        ...patch(SERVER, { upperThreshold: 4_294_967_295 }, WEB_WLC, WEB_A),
        thresholds: ['10.2.0.1:80 4294967295 0'],
      },
      {
        ...put(SERVER, { ...a, upperThreshold: 2, lowerThreshold: 2 }, WEB_WLC, WEB_A),
        thresholds: ['10.2.0.1:80 2 2'],
      },
      put(SERVER, a, WEB_WLC, WEB_A),
    ],
  },
];

const GUE = '--tun-type gue --tun-port 6080';

const forwarding: readonly AttributeCase[] = [
  {
    name: 'nat with a port of its own',
    forwarding: nat,
    service: web,
    servers: { a: { ...a, port: 8080 } },
    saved: [WEB_WLC, '-a -t 10.1.0.1:80 -r 10.2.0.1:8080 -m -w 1'],
    edits: [
      patch(SERVER, { port: 8081 }, WEB_WLC, '-a -t 10.1.0.1:80 -r 10.2.0.1:8081 -m -w 1'),
      patch(SERVER, { port: null }, WEB_WLC, '-a -t 10.1.0.1:80 -r 10.2.0.1:80 -m -w 1'),
    ],
  },
  {
    name: 'the nearest forwarding counts: real server, virtual service, cluster',
    forwarding: nat,
    service: { ...web, forwarding: { method: 'tun' } },
    servers: { a: { ...a, forwarding: { method: 'dr' } }, b: { address: '10.2.0.2' } },
    saved: [WEB_WLC, WEB_A, '-a -t 10.1.0.1:80 -r 10.2.0.2:80 -i -w 1 --tun-type ipip'],
    edits: [
      patch(
        SERVER,
        { forwarding: null },
        WEB_WLC,
        '-a -t 10.1.0.1:80 -r 10.2.0.1:80 -i -w 1 --tun-type ipip',
        '-a -t 10.1.0.1:80 -r 10.2.0.2:80 -i -w 1 --tun-type ipip',
      ),
      patch(
        SERVICE,
        { forwarding: null },
        WEB_WLC,
        '-a -t 10.1.0.1:80 -r 10.2.0.1:80 -m -w 1',
        '-a -t 10.1.0.1:80 -r 10.2.0.2:80 -m -w 1',
      ),
      patch('', { forwarding: { method: 'dr' } }, WEB_WLC, WEB_A, '-a -t 10.1.0.1:80 -r 10.2.0.2:80 -g -w 1'),
      put(
        '',
        { forwarding: nat },
        WEB_WLC,
        '-a -t 10.1.0.1:80 -r 10.2.0.1:80 -m -w 1',
        '-a -t 10.1.0.1:80 -r 10.2.0.2:80 -m -w 1',
      ),
      patch('', { forwarding: null }, WEB_WLC, WEB_A, '-a -t 10.1.0.1:80 -r 10.2.0.2:80 -g -w 1'),
    ],
  },
  {
    name: 'tunnels: ipip, gue, gre and their checksums',
    forwarding: { method: 'tun' },
    service: web,
    servers: { a },
    saved: [WEB_WLC, '-a -t 10.1.0.1:80 -r 10.2.0.1:80 -i -w 1 --tun-type ipip'],
    edits: [
      put(
        SERVER,
        { ...a, forwarding: { method: 'tun', tunnel: { type: 'gue', port: 6080 } } },
        WEB_WLC,
        `-a -t 10.1.0.1:80 -r 10.2.0.1:80 -i -w 1 ${GUE} --tun-nocsum`,
      ),
      patch(
        SERVER,
        { forwarding: { tunnel: { checksum: 'csum' } } },
        WEB_WLC,
        `-a -t 10.1.0.1:80 -r 10.2.0.1:80 -i -w 1 ${GUE} --tun-csum`,
      ),
      patch(
        SERVER,
        { forwarding: { tunnel: { checksum: 'remcsum' } } },
        WEB_WLC,
        `-a -t 10.1.0.1:80 -r 10.2.0.1:80 -i -w 1 ${GUE} --tun-remcsum`,
      ),
      patch(
        SERVER,
        { forwarding: { tunnel: { port: 7080, checksum: null } } },
        WEB_WLC,
        '-a -t 10.1.0.1:80 -r 10.2.0.1:80 -i -w 1 --tun-type gue --tun-port 7080 --tun-nocsum',
      ),
      put(
        SERVER,
        { ...a, forwarding: { method: 'tun', tunnel: { type: 'gre', checksum: 'csum' } } },
        WEB_WLC,
        '-a -t 10.1.0.1:80 -r 10.2.0.1:80 -i -w 1 --tun-type gre --tun-csum',
      ),
      patch(
        SERVER,
        { forwarding: { tunnel: { checksum: null } } },
        WEB_WLC,
        '-a -t 10.1.0.1:80 -r 10.2.0.1:80 -i -w 1 --tun-type gre --tun-nocsum',
      ),
      patch(
        SERVER,
        { forwarding: { tunnel: null } },
        WEB_WLC,
        '-a -t 10.1.0.1:80 -r 10.2.0.1:80 -i -w 1 --tun-type ipip',
      ),
      patch(
        SERVER,
        { forwarding: { method: 'nat', tunnel: null } },
        WEB_WLC,
        '-a -t 10.1.0.1:80 -r 10.2.0.1:80 -m -w 1',
      ),
    ],
  },
  {
    name: 'an IPv6 real server behind an IPv4 service, through a tunnel',
    forwarding: { method: 'tun', tunnel: { type: 'gue', port: 6080 } },
    service: web,
    servers: { a, b: { address: '2001:db8:1::b', weight: 3 } },
    saved: [
      WEB_WLC,
      `-a -t 10.1.0.1:80 -r 10.2.0.1:80 -i -w 1 ${GUE} --tun-nocsum`,
      `-a -t 10.1.0.1:80 -r [2001:db8:1::b]:80 -i -w 3 ${GUE} --tun-nocsum`,
    ],
  },
  {
    name: 'an IPv4 real server behind an IPv6 service, through a tunnel',
    forwarding: { method: 'tun' },
    service: { protocol: 'tcp', address: '2001:db8::1', port: 80 },
    servers: { a },
    saved: ['-A -t [2001:db8::1]:80 -s wlc', '-a -t [2001:db8::1]:80 -r 10.2.0.1:80 -i -w 1 --tun-type ipip'],
  },
];

export const ATTRIBUTE_CASES: readonly AttributeCase[] = [
  ...frontends,
  ...schedulers,
  ...scheduling,
  ...realServers,
  ...forwarding,
];
