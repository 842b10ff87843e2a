/** What a real server can be: weights, states, thresholds, and how packets reach it. */
import {
  type AttributeCase,
  a,
  nat,
  patch,
  put,
  SERVER,
  SERVICE,
  WEB_A,
  WEB_WLC,
  web,
} from './attribute-case.js';

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
      { ...put(SERVER, a, WEB_WLC, WEB_A), thresholds: [] },
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

export const SERVER_CASES: readonly AttributeCase[] = [...realServers, ...forwarding];
