/** A TCP proxy that cuts connections: each after a number of bytes of its own, in whatever direction they go. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { Random } from './random.js';

export interface CuttingProxy {
  /** host:port. */
  readonly address: string;
  /** Connections that were cut. */
  readonly cuts: number;
  /** Until then connections last; those that there are end now. */
  beginCutting(): void;
  close(): void;
}

/** `target` is host:port. A connection lasts for fewer than `maxBytes` bytes. */
export async function startCuttingProxy(
  target: string,
  { random, maxBytes }: { random: Random; maxBytes: number },
): Promise<CuttingProxy> {
  const [host = '', port] = target.split(':');
  const sockets = new Set<Socket>();
  let cuts = 0;
  let isCutting = false;

  function track(socket: Socket): Socket {
    sockets.add(socket);
    socket.on('error', () => undefined);
    return socket.on('close', () => sockets.delete(socket));
  }

  function endAll(): void {
    for (const socket of sockets) socket.destroy();
  }

  const proxy = createServer((client) => {
    const server = track(connect(Number(port), host));
    track(client);
    let left = isCutting ? random(maxBytes) : Number.POSITIVE_INFINITY;

    function forward(from: Socket, to: Socket): void {
      from.on('data', (chunk: Buffer) => {
        const part = chunk.subarray(0, Math.min(left, chunk.length));
        left -= part.length;
        if (left > 0) to.write(part);
        else to.write(part, cut);
      });
      from.on('close', () => to.destroy());
    }

    function cut(): void {
      cuts += 1;
      client.destroy();
      server.destroy();
    }

    forward(client, server);
    forward(server, client);
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  return {
    address: `127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    get cuts() {
      return cuts;
    },
    beginCutting() {
      isCutting = true;
      endAll();
    },
    close() {
      proxy.close();
      endAll();
    },
  };
}
