/**
 * Entries that nothing touches while a test does its work elsewhere: a virtual service of ours with real servers and a
 * foreign destination, and a foreign service. Datagrams run through them all the time.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import type { Door } from './doors.js';
import { counters, ipvsadm, kernelOrder } from './ipvsadm.js';

const VIP = '10.99.0.1';
const PORTS = [5000, 9999];

/** As `ipvsadm -Sn` prints them. */
export const STEADY_LINES = [
  '-A -u 10.99.0.1:5000 -s rr',
  '-a -u 10.99.0.1:5000 -r 10.99.1.1:5000 -m -w 1',
  '-a -u 10.99.0.1:5000 -r 10.99.1.2:5000 -m -w 2',
  '-a -u 10.99.0.1:5000 -r 10.99.1.3:5000 -m -w 3',
  '-a -u 10.99.0.1:5000 -r 10.99.1.9:5000 -m -w 9',
  '-A -u 10.99.0.1:9999 -s lc',
  '-a -u 10.99.0.1:9999 -r 10.99.1.9:9999 -m -w 9',
];
const FOREIGN_LINES = STEADY_LINES.filter((line) => line.includes('9999') || line.includes('10.99.1.9'));
/** Ours; the foreign lines are in no definition. */
export const STEADY_MANAGED = STEADY_LINES.length - FOREIGN_LINES.length;

const DEFINITION = {
  spec: { forwarding: { method: 'nat' } },
  virtualServices: {
    dns: {
      spec: { protocol: 'udp', address: VIP, port: 5000, scheduler: 'rr' },
      realServers: {
        a: { spec: { address: '10.99.1.1', weight: 1 } },
        b: { spec: { address: '10.99.1.2', weight: 2 } },
        c: { spec: { address: '10.99.1.3', weight: 3 } },
      },
    },
  },
};

export interface SteadyEntries {
  /**
   * Asserts that no entry was deleted and made again: a service's counters start at 0 when it is made, and a destination's
   * place is the head of its service's list, where the foreign one, added last, must still be.
   */
  assertUntouched(): Promise<void>;
  /** Asserts that every counter has risen since the start. */
  assertRisen(): Promise<void>;
  stop(): void;
}

/** Makes them, ours through the door, and starts the traffic. */
export async function createSteadyEntries(door: Door): Promise<SteadyEntries> {
  execFileSync('ip', ['address', 'add', `${VIP}/32`, 'dev', 'lo']);
  assert.deepEqual(await door.replaceDefinition('steady', DEFINITION), { outcome: 'created' });
  for (const line of FOREIGN_LINES) await ipvsadm(...line.split(' '));
  const order = steadyOrder(await kernelOrder());
  let seen = steadyCounters(await counters());
  const first = seen;
  const traffic = setInterval(sendDatagrams, 25);

  return {
    async assertUntouched() {
      const now = steadyCounters(await counters());
      for (const [entry, before] of seen) {
        const after = now.get(entry);
        assert.ok(after, `${entry} is not there`);
        const fallen = before.some((total, index) => (after[index] ?? 0) < total);
        assert.ok(!fallen, `${entry} was made again: its counters were ${before} and are ${after}`);
      }
      seen = now;
      assert.deepEqual(steadyOrder(await kernelOrder()), order, 'a destination was made again');
    },
    async assertRisen() {
      const now = steadyCounters(await counters());
      for (const [entry, [connections = 0]] of first) {
        const [after = 0] = now.get(entry) ?? [];
        assert.ok(after > connections, `${entry} had no traffic: ${connections} connections, then ${after}`);
      }
    },
    stop() {
      clearInterval(traffic);
    },
  };
}

/** From a new port each time, so that each is a connection and is scheduled. */
function sendDatagrams(): void {
  for (const port of PORTS) {
    const socket = createSocket('udp4');
    // Nobody has the real servers' addresses: what the kernel says of that does not matter.
    socket.on('error', () => socket.close());
    socket.send('x', port, VIP, () => socket.close());
  }
}

function steadyCounters(all: ReadonlyMap<string, readonly number[]>) {
  return new Map([...all].filter(([entry]) => entry.startsWith(`UDP ${VIP}:`)));
}

/** /proc/net/ip_vs writes addresses in hexadecimal. */
function steadyOrder(all: ReadonlyMap<string, readonly string[]>) {
  return new Map([...all].filter(([service]) => service.startsWith('UDP 0A630001:')));
}
