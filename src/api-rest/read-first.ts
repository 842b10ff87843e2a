/**
 * Node looks which requests have taken too long before it reads what has arrived. After a long turn of the event loop, requests
 * that have been here all the while would be refused, so that what arrived is read first.
 */
import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';

/** Calls `refuse` after what has arrived was read, unless it had the rest of a header from this socket. */
export function createReadFirst(): (server: Server, socket: Socket, refuse: () => void) => void {
  let complete: Set<Socket> | undefined;

  /** Sockets that a header is complete of, until the turn that reads is over. */
  function listen(server: Server): Set<Socket> {
    const sockets = new Set<Socket>();
    const note = ({ socket }: IncomingMessage) => sockets.add(socket);
    server.on('request', note);
    setImmediate(() => {
      server.off('request', note);
      complete = undefined;
    });
    return sockets;
  }

  return (server, socket, refuse) => {
    complete ??= listen(server);
    const read = complete;
    setImmediate(() => {
      if (!read.has(socket)) refuse();
    });
  };
}
