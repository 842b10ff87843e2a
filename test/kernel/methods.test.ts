// Each forwarding method with packets: who answers, whom the real server sees, and what passes the director.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { CLUSTERS } from '../support/doors.js';
import { ipvsadm } from '../support/ipvsadm.js';
import { explained, type KernelServer, NO_INTERVAL, startKernelServer } from '../support/kernel-server.js';
import { type Capture, captureAtDirector } from '../support/lab/capture.js';
import { ask } from '../support/lab/client.js';
import { labDefinition, PROTOCOLS } from '../support/lab/cluster.js';
import { flowsOf } from '../support/lab/flows.js';
import { METHODS, type Method } from '../support/lab/methods.js';
import { clientAddress, createNetwork, FAMILIES, type Family, LAN } from '../support/lab/network.js';
import {
  bindVips,
  loadTunnelModules,
  prepareRealServers,
  undoRealServers,
} from '../support/lab/preparation.js';
import { startServers, VIP_PORT } from '../support/lab/servers.js';
import type { Protocol } from '../support/lab/sockets.js';

/** rr goes through the kernel's list, to whose head it adds. */
const ROUND = ['rs3', 'rs2', 'rs1'] as const;
const LAB = `${CLUSTERS}/lab`;

let server: KernelServer;
let capture: Capture;

before(async () => {
  createNetwork();
  startServers();
  bindVips();
  loadTunnelModules();
  capture = captureAtDirector();
  server = await startKernelServer({ intervalSeconds: NO_INTERVAL });
});

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
      const body = labDefinition(method.forwarding, method.port);
      assert.equal((await server.rest.call('PUT', `${LAB}/definition`, { body })).status, 201);
      prepareRealServers(method.forwarding);
      for (const family of FAMILIES) {
        for (const protocol of PROTOCOLS) {
          await t.test(`${protocol}, ${family}`, () => askTwice(method, protocol, family));
        }
      }
      undoRealServers(method.forwarding);
      assert.equal((await server.rest.call('DELETE', `${LAB}?cascade=true&drain=false`)).status, 204);
      assert.equal(await ipvsadm('-Sn'), '');
    }));
}
