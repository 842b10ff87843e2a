/**
 * The servers on the lab's real servers: HTTP, and the same answer over UDP and SCTP. Each tells who it is, whom it takes
 * for its peer and under which address it was asked: `rs1 sees 203.0.113.10 at 192.0.2.100:80`. All of them live in the
 * process that calls this, and do not keep it from ending.
 */
import { createSocket } from 'node:dgram';
import { createServer as createHttpServer } from 'node:http';
import { createServer, isIPv6, type Socket } from 'node:net';
import { FAMILIES, LAN, REAL_SERVERS, type RealServerName } from './network.js';
import { type Endpoint, listenIn } from './sockets.js';

/** Where clients ask, and where a real server is asked when its packets were not rewritten. */
export const VIP_PORT = 80;
/** Where a real server is asked under its own address: a port that the forwarding methods nat and fullnat map to. */
export const RIP_PORT = 8080;

export function startServers(): void {
  for (const name of REAL_SERVERS) {
    for (const family of FAMILIES) {
      serve(name, { address: LAN[family].vip, port: VIP_PORT });
      serve(name, { address: LAN[family][name], port: RIP_PORT });
    }
  }
}

/** The three of them, on one address of one real server. */
export function serve(name: RealServerName, local: Endpoint): void {
  serveHttp(name, local);
  serveUdp(name, local);
  serveSctp(name, local);
}

function serveHttp(name: RealServerName, local: Endpoint): void {
  const server = createHttpServer((request, response) => {
    // A new connection for each request, so that each is scheduled.
    response.setHeader('connection', 'close').end(answer(name, request.socket.remoteAddress, local));
  });
  server.listen({ fd: listenIn(name, 'tcp', local) }).unref();
}

function serveUdp(name: RealServerName, local: Endpoint): void {
  const socket = createSocket(isIPv6(local.address) ? 'udp6' : 'udp4');
  socket.on('message', (_, peer) => {
    socket.send(answer(name, peer.address, local), peer.port, peer.address, ignoreError);
  });
  socket.bind({ fd: listenIn(name, 'udp', local) }).unref();
}

function serveSctp(name: RealServerName, local: Endpoint): void {
  const server = createServer((connection: Socket) => {
    // SCTP knows no half-closed association: the client's end is not heard of.
    const end = () => connection.destroy();
    connection.on('error', ignoreError).end(answer(name, connection.remoteAddress, local), end);
  });
  server.listen({ fd: listenIn(name, 'sctp', local) }).unref();
}

function answer(name: RealServerName, peer: string | undefined, { address, port }: Endpoint): string {
  return `${name} sees ${peer} at ${isIPv6(address) ? `[${address}]` : address}:${port}\n`;
}

/** Whether an answer arrives is for the client to find out. */
function ignoreError(): void {}
