import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ipvsadmList, ipvsadmSave } from '../../src/domain/ipvsadm-text.js';
import { destinationKey, familyOf, frontendKey, parseFrontend } from '../../src/domain/keys.js';
import type { KernelTable, TableDestination, TableService } from '../../src/domain/schema/director.js';

const foreign = { managed: false, resource: null };

function service(
  key: string,
  attributes: Partial<TableService>,
  destinations: TableDestination[] = [],
): TableService {
  const frontend = parseFrontend(key);
  return {
    ...foreign,
    key: frontendKey(frontend),
    ...frontend,
    family: familyOf(frontend),
    scheduler: 'rr',
    schedulerFlags: [],
    onePacket: false,
    persistence: null,
    destinations,
    ...attributes,
  };
}

function destination(
  address: string,
  port: number,
  attributes: Partial<TableDestination> = {},
): TableDestination {
  return {
    ...foreign,
    key: destinationKey('', { address, port }),
    address,
    port,
    method: 'dr',
    weight: 1,
    upperThreshold: 0,
    lowerThreshold: 0,
    tunnel: null,
    activeConnections: 0,
    inactiveConnections: 0,
    persistentConnections: 0,
    ...attributes,
  };
}

function persistence(timeoutSeconds: number, netmask: string, engine: string | null = null) {
  return { timeoutSeconds, netmask, engine };
}

function tunnel(type: string, port: number, checksum: string) {
  return { method: 'tun', tunnel: { type, port, checksum } } as const;
}

/** In the order of a kernel, which is none. */
const table: Pick<KernelTable, 'services'> = {
  services: [
    service('fwmark/ipv6/8', { scheduler: 'lblc', persistence: persistence(300, '128') }),
    service('tcp/192.168.10.88:80', { scheduler: 'wrr', persistence: persistence(300, '255.255.255.255') }, [
      destination('10.0.0.3', 80, { ...tunnel('ipip', 0, 'none'), weight: 0 }),
      destination('10.0.0.2', 8080, {
        method: 'nat',
        weight: 65535,
        upperThreshold: 100000,
        lowerThreshold: 500,
        activeConnections: 1234567,
        inactiveConnections: 89,
      }),
      destination('10.0.0.1', 80, { weight: 3 }),
    ]),
    service('udp/192.168.10.103:53', { scheduler: 'sh', schedulerFlags: ['flag-2', 'flag-3'] }),
    service('udp/192.168.10.101:53', { schedulerFlags: ['flag-1', 'flag-2', 'flag-3'], onePacket: true }),
    service('sctp/192.168.10.91:5000', { scheduler: 'mh', schedulerFlags: ['flag-1', 'flag-2'] }),
    service('udp/192.168.10.104:53', {
      scheduler: 'mh',
      schedulerFlags: ['flag-1'],
      onePacket: true,
      persistence: persistence(1, '255.255.255.0'),
    }),
    service(
      'udp/192.168.10.90:5060',
      { onePacket: true, persistence: persistence(10, '255.255.255.255', 'sip') },
      [
        destination('10.9.0.1', 5060, { method: 'local' }),
        destination('10.0.0.7', 5060, tunnel('gre', 0, 'none')),
        destination('10.0.0.6', 5060, tunnel('gre', 0, 'csum')),
        destination('10.0.0.5', 5060, tunnel('gue', 6080, 'remcsum')),
        destination('10.0.0.3', 5060, tunnel('gue', 6080, 'none')),
      ],
    ),
    service('tcp/[2001:db8::10]:80', { scheduler: 'nq', persistence: persistence(500, '128') }, [
      destination('2001:db8:1111:2222:3333:4444:5555:6666', 65535, { method: 'nat' }),
      destination('2001:db8::11', 80, { method: 'nat' }),
      destination('10.0.0.1', 80, tunnel('ipip', 0, 'none')),
    ]),
    service('fwmark/ipv6/4000000000', { scheduler: 'lblc', persistence: persistence(300, '64') }),
    service('fwmark/ipv4/7', { scheduler: 'wlc', persistence: persistence(300, '255.255.0.0') }, [
      destination('10.0.0.4', 99, { method: 'nat' }),
      destination('10.0.0.3', 0),
    ]),
  ],
};

test('a table is listed as ipvsadm -Ln printed it', () => {
  assert.equal(
    ipvsadmList(table, { ipvsVersion: '1.2.1', connectionTableSize: 4096 }),
    `IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
FWM  -294967296 IPv6 lblc persistent 300 mask 64
TCP  192.168.10.88:80 wrr persistent 300
  -> 10.0.0.1:80                  Route   3      0          0         
  -> 10.0.0.2:8080                Masq    65535  1234567    89        
  -> 10.0.0.3:80                  Tunnel  0      0          0         
UDP  192.168.10.90:5060 rr persistent 10 pe sip ops
  -> 10.0.0.3:5060                Tunnel  1      0          0         
  -> 10.0.0.5:5060                Tunnel  1      0          0         
  -> 10.0.0.6:5060                Tunnel  1      0          0         
  -> 10.0.0.7:5060                Tunnel  1      0          0         
  -> 10.9.0.1:5060                Local   1      0          0         
UDP  192.168.10.101:53 rr (flag-1,flag-2,flag-3) ops
UDP  192.168.10.103:53 sh (sh-port)
UDP  192.168.10.104:53 mh (mh-fallback) persistent 1 mask 255.255.255.0 ops
SCTP 192.168.10.91:5000 mh (mh-fallback,mh-port)
TCP  [2001:db8::10]:80 nq persistent 500
  -> 10.0.0.1:80                  Tunnel  1      0          0         
  -> [2001:db8::11]:80            Masq    1      0          0         
  -> [2001:db8:1111:2222:3333:4444:5555:6666]:65535 Masq    1      0          0         
FWM  7 wlc persistent 300 mask 255.255.0.0
  -> 10.0.0.3:0                   Route   1      0          0         
  -> 10.0.0.4:99                  Masq    1      0          0         
FWM  8 IPv6 lblc persistent 300
`,
  );
});

test('a table is saved as ipvsadm -Sn printed it', () => {
  assert.equal(
    ipvsadmSave(table),
    `-A -f -294967296 -6 -s lblc -p 300 -M 64
-A -t 192.168.10.88:80 -s wrr -p 300
-a -t 192.168.10.88:80 -r 10.0.0.1:80 -g -w 3
-a -t 192.168.10.88:80 -r 10.0.0.2:8080 -m -w 65535
-a -t 192.168.10.88:80 -r 10.0.0.3:80 -i -w 0 --tun-type ipip
-A -u 192.168.10.90:5060 -s rr -p 10 --pe sip -o
-a -u 192.168.10.90:5060 -r 10.0.0.3:5060 -i -w 1 --tun-type gue --tun-port 6080 --tun-nocsum
-a -u 192.168.10.90:5060 -r 10.0.0.5:5060 -i -w 1 --tun-type gue --tun-port 6080 --tun-remcsum
-a -u 192.168.10.90:5060 -r 10.0.0.6:5060 -i -w 1 --tun-type gre --tun-csum
-a -u 192.168.10.90:5060 -r 10.0.0.7:5060 -i -w 1 --tun-type gre --tun-nocsum
-a -u 192.168.10.90:5060 -r 10.9.0.1:5060 -g -w 1
-A -u 192.168.10.101:53 -s rr -o -b flag-1,flag-2,flag-3
-A -u 192.168.10.103:53 -s sh -b sh-port
-A -u 192.168.10.104:53 -s mh -p 1 -M 255.255.255.0 -o -b mh-fallback
-A --sctp-service 192.168.10.91:5000 -s mh -b mh-fallback,mh-port
-A -t [2001:db8::10]:80 -s nq -p 500
-a -t [2001:db8::10]:80 -r 10.0.0.1:80 -i -w 1 --tun-type ipip
-a -t [2001:db8::10]:80 -r [2001:db8::11]:80 -m -w 1
-a -t [2001:db8::10]:80 -r [2001:db8:1111:2222:3333:4444:5555:6666]:65535 -m -w 1
-A -f 7 -s wlc -p 300 -M 255.255.0.0
-a -f 7 -r 10.0.0.3:0 -g -w 1
-a -f 7 -r 10.0.0.4:99 -m -w 1
-A -f 8 -6 -s lblc -p 300
`,
  );
});

test('an empty table is three lines to list and none to save', () => {
  const empty = { ...table, services: [] };
  assert.equal(ipvsadmList(empty, { ipvsVersion: '1.2.1', connectionTableSize: 4096 }).split('\n').length, 4);
  assert.equal(ipvsadmSave(empty), '');
});
