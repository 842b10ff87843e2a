// time limit: 120 s
/** One-packet scheduling with nat: where a packet path says that the reply comes from, and where it really does. */
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { before, test } from 'node:test';
import { addRealServer, CLIENTS, createDirectorNetwork, VIP } from '../support/director-network.js';
import { whenFileEnds } from '../support/kernel-server.js';
import { pathOf } from '../support/packet-path-case.js';

const RED = '10.92.1.2';
const ECHO = `const socket = require('dgram').createSocket('udp4');
socket.on('message', (text, from) => socket.send(text, from.port, from.address));
socket.bind(5353, '${RED}', () => console.log('listening'));`;
const ASK = `const socket = require('dgram').createSocket('udp4');
socket.on('message', (text, from) => { console.log(from.address + ':' + from.port); socket.close(); });
// each service has a client port of its own, so that the connection of one is not taken for that of the other
socket.bind(40000 + Number(process.argv[1]), '${CLIENTS[0]}', () => socket.send('x', Number(process.argv[1]), '${VIP}'));
setTimeout(() => process.exit(1), 10000).unref();`;

before(async () => {
  createDirectorNetwork();
  await addRealServer('red', '10.92.1');
  const echo = spawn('ip', ['netns', 'exec', 'red', process.execPath, '-e', ECHO]);
  whenFileEnds(() => echo.kill('SIGKILL'));
  await once(echo.stdout, 'data');
});

for (const onePacket of [false, true]) {
  test(`a reply ${onePacket ? 'to a datagram that was forgotten' : 'of a connection'} comes from where the path says`, () => {
    const port = onePacket ? 54 : 53;
    const service = { protocol: 'udp', address: VIP, port, onePacket } as const;
    const servers = { red: { address: RED, port: 5353 } };
    const { paths } = pathOf({ forwarding: { method: 'nat' }, service, servers, client: CLIENTS[0] });
    const predicted = paths[0]?.reply.at(-1);
    execFileSync('ipvsadm', ['-A', '-u', `${VIP}:${port}`, '-s', 'rr', ...(onePacket ? ['-o'] : [])]);
    execFileSync('ipvsadm', ['-a', '-u', `${VIP}:${port}`, '-r', `${RED}:5353`, '-m']);
    const ask = ['netns', 'exec', 'client', process.execPath, '-e', ASK, String(port)];
    const { stdout, stderr } = spawnSync('ip', ask, { encoding: 'utf8' });
    assert.equal(stdout.trim(), onePacket ? `${RED}:5353` : `${VIP}:${port}`, stderr);
    assert.equal(predicted?.source, stdout.trim());
    assert.equal(paths[0]?.warnings.length, onePacket ? 1 : 0);
  });
}
