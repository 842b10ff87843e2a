/** What a virtual service can be: frontends, schedulers and their flags, persistence, one-packet scheduling. */
import {
  type AttributeCase,
  a,
  dns,
  nat,
  patch,
  put,
  SERVER,
  SERVICE,
  WEB_A,
  WEB_WLC,
  web,
} from './attribute-case.js';

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

export const SERVICE_CASES: readonly AttributeCase[] = [...frontends, ...schedulers, ...scheduling];
