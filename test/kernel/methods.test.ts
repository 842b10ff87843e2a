// Each forwarding method with packets, the real servers prepared by lvsd's scripts alone: who answers, whom the real server sees, and what passes the director.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { before, test } from 'node:test';
import { CLUSTERS } from '../support/doors.js';
import { ipvsadm } from '../support/ipvsadm.js';
import { explained, type KernelServer, NO_INTERVAL, startKernelServer } from '../support/kernel-server.js';
import { type Capture, captureAtDirector } from '../support/lab/capture.js';
import { ask } from '../support/lab/client.js';
import { labDefinition, PROTOCOLS } from '../support/lab/cluster.js';
import { flowsOf } from '../support/lab/flows.js';
import { METHODS, type Method } from '../support/lab/methods.js';
import { commandIn } from '../support/lab/namespaces.js';
import {
  clientAddress,
  createNetwork,
  FAMILIES,
  type Family,
  LAN,
  REAL_SERVERS,
} from '../support/lab/network.js';
import { bindVips, routeToClients, runSetups, trackConnections } from '../support/lab/preparation.js';
import { startServers, VIP_PORT } from '../support/lab/servers.js';
import type { Protocol } from '../support/lab/sockets.js';

/** rr goes through the kernel's list, to whose head it adds. */
const ROUND = ['rs3', 'rs2', 'rs1'] as const;
const LAB = `${CLUSTERS}/lab`;

let server: KernelServer;
let capture: Capture;
/** What the real servers had before the first script. */
let untouched: readonly string[];

before(async () => {
  createNetwork();
  startServers();
  bindVips();
  trackConnections();
  capture = captureAtDirector();
  loadTunnels();
  untouched = settingsOfRealServers();
  server = await startKernelServer({ intervalSeconds: NO_INTERVAL });
});

/** Loading a module makes devices such as tunl0 in every namespace, and no script takes those away. */
function loadTunnels(): void {
  execFileSync('modprobe', ['-a', 'ipip', 'ip6_tunnel', 'ip_gre', 'ip6_gre', 'fou', 'fou6']);
}

/** Addresses, routes, rules and what else a script may touch. */
function settingsOfRealServers(): string[] {
  const witness =
    'ip -o address; ip rule; ip -6 rule; ip route show table all; ip fou show; sysctl net.ipv4.conf';
  return REAL_SERVERS.map((name) => execFileSync(...commandIn(name, ['sh', '-c', witness])).toString());
}

/** What two rounds of questions are answered. */
function expectedAnswers({ peer, asked, port }: Method, family: Family): string[] {
  const round = ROUND.map((name) => {
    const sees = peer === 'CIP' ? clientAddress(family) : LAN[family].director;
    const at = LAN[family][asked === 'VIP' ? 'vip' : name];
    return `${name} sees ${sees} at ${family === 'ipv6' ? `[${at}]` : at}:${port}`;
  });
  return [...round, ...round];
}

async function askTwice(method: Method, protocol: Protocol, family: Family): Promise<void> {
  capture.take();
  const vip = { address: LAN[family].vip, port: VIP_PORT };
  const answers = await ask({ protocol, vip, source: clientAddress(family), times: 2 * ROUND.length });
  assert.deepEqual(answers, expectedAnswers(method, family));
  assert.deepEqual(flowsOf(capture.take(), protocol), method.flows);
}

for (const method of METHODS) {
  test(`${method.title}: the three real servers answer in turn, over TCP, UDP and SCTP, IPv4 and IPv6`, (t) =>
    explained(t, server, async () => {
      const there = await server.rest.call('DELETE', `${LAB}?cascade=true&drain=false`);
      assert.equal(there.status, method === METHODS[0] ? 404 : 204);
      assert.equal(await ipvsadm('-Sn'), '');
      const body = labDefinition(method.forwarding, method.port);
      assert.equal((await server.rest.call('PUT', `${LAB}/definition`, { body })).status, 201);
      // Takes away what the method before needed and this one does not.
      await runSetups(server.rest);
      if (method.peer === 'DIP') {
        routeToClients('del');
        t.after(() => routeToClients('add'));
      }
      for (const family of FAMILIES) {
        for (const protocol of PROTOCOLS) {
          await t.test(`${protocol}, ${family}`, () => askTwice(method, protocol, family));
        }
      }
    }));
}

test('undone, the scripts leave the real servers as they were', async () => {
  await runSetups(server.rest, { undo: true });
  assert.deepEqual(settingsOfRealServers(), untouched);
});
