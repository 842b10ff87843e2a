/**
 * Connections through the director at the cost of a few system calls each: the client's socket and the real server's are both
 * in this process, so it is known at once which real server has got one. TCP and SCTP.
 */
import { readSync, writeSync } from 'node:fs';
import { CLIENT, type Family, LAN, REAL_SERVERS, type RealServerName } from './network.js';
import { accept, close, connect, type Endpoint, listenIn, openIn, type Protocol } from './sockets.js';

/** Of every real server, under its own address. */
export const BACKEND_PORT = 9000;
/** The kernel has it at once, unless it left the packets to a thread of its own (ksoftirqd). */
const LIMIT_MS = 2_000;

export interface Connection {
  readonly server: RealServerName;
  /** Sends a word to the real server and one back; throws when either does not arrive. */
  exchange(): void;
  /** Resets it (SCTP: aborts), at the first call. */
  close(): void;
}

export interface Backends {
  /** Throws CallFailed when it cannot be had: ECONNREFUSED when the director has no real server for it. */
  open(vip: Endpoint, source: Endpoint): Connection;
}

export function createBackends(protocol: Exclude<Protocol, 'udp'>, family: Family): Backends {
  const listeners = REAL_SERVERS.map((name) => ({
    name,
    fd: listenIn(name, protocol, { address: LAN[family][name], port: BACKEND_PORT }),
  }));

  function acceptFrom(client: number): Connection {
    return soon('the client is connected, and no real server knows of it', () => {
      for (const { name, fd } of listeners) {
        const accepted = accept(fd);
        if (accepted) return connectionOf(name, client, accepted);
      }
      return undefined;
    });
  }

  return {
    open(vip, source) {
      const client = openIn(CLIENT, protocol, source);
      try {
        connect(client, vip);
        return acceptFrom(client);
      } catch (error) {
        close(client, { reset: true });
        throw error;
      }
    },
  };
}

function connectionOf(server: RealServerName, client: number, accepted: number): Connection {
  let isOpen = true;
  return {
    server,
    exchange() {
      send(client, accepted, 'to the server');
      send(accepted, client, 'and back');
    },
    close() {
      if (!isOpen) return;
      isOpen = false;
      // Both ends at once: what lingers at a real server would meet the next connection with the same port of the client.
      close(client, { reset: true });
      close(accepted, { reset: true });
    },
  };
}

function send(from: number, to: number, word: string): void {
  writeSync(from, word);
  const bytes = Buffer.alloc(word.length);
  const length = soon(`'${word}' did not arrive`, () => readIfThere(to, bytes));
  const arrived = bytes.toString('utf8', 0, length);
  if (arrived !== word) throw new Error(`'${arrived}' arrived instead of '${word}'`);
}

/** Undefined when there is nothing to read. */
function readIfThere(fd: number, into: Buffer): number | undefined {
  try {
    return readSync(fd, into);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return undefined;
    throw error;
  }
}

/** Looks until there is something, without a turn of the event loop. */
function soon<T>(orElse: string, look: () => T | undefined): T {
  const limit = performance.now() + LIMIT_MS;
  while (performance.now() < limit) {
    const found = look();
    if (found !== undefined) return found;
  }
  throw new Error(orElse);
}
