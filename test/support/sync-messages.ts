/**
 * Connections from nowhere: the messages of a synchronisation master, version 1 of the protocol (struct ip_vs_sync_mesg,
 * ip_vs_sync_v4 and ip_vs_sync_v6 of net/netfilter/ipvs/ip_vs_sync.c), which a backup daemon turns into connections.
 */
import { createSocket, type Socket } from 'node:dgram';
import { addressBytes } from '../../src/domain/address.js';
import type { Backend } from '../../src/domain/keys.js';

export interface SyncedConnection {
  readonly client: Backend;
  readonly virtual: Backend;
  readonly real: Backend;
  readonly timeoutSeconds: number;
  /** Default tcp. */
  readonly protocol?: 'tcp' | 'udp' | 'sctp';
}

export const GROUP = '224.0.0.81';
export const PORT = 8848;
const MESSAGE_BYTES = 1472;
const HEADER_BYTES = 8;
/** What every connection has before its addresses. */
const FIXED_BYTES = 24;
/** STYPE_F_INET6 */
const INET6 = 1;
/** IP_VS_CONN_F_DROUTE */
const DIRECT_ROUTING = 3;
/** Number of each protocol, and of its state ESTABLISHED (UDP has one state only). */
const PROTOCOLS = { tcp: [6, 1], udp: [17, 0], sctp: [132, 8] } as const;
/** The backup's socket has room for some hundred messages. */
const MESSAGES_PER_BREATH = 20;

/** Sends the connections to a backup daemon on the interface with this address. What the kernel has no room for is lost. */
export async function sendConnections(
  interfaceAddress: string,
  connections: readonly SyncedConnection[],
): Promise<void> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, interfaceAddress, resolve));
  socket.setMulticastInterface(interfaceAddress);
  try {
    for (const [index, message] of syncMessages(connections).entries()) {
      await send(socket, message);
      if (index % MESSAGES_PER_BREATH === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    }
  } finally {
    socket.close();
  }
}

function send(socket: Socket, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.send(bytes, PORT, GROUP, (error) => (error ? reject(error) : resolve()));
  });
}

/** As many connections in each as it holds. */
function syncMessages(connections: readonly SyncedConnection[]): Buffer[] {
  const messages: Buffer[][] = [];
  let room = 0;
  for (const connection of connections) {
    const bytes = connectionBytes(connection);
    if (bytes.length > room) {
      messages.push([]);
      room = MESSAGE_BYTES - HEADER_BYTES;
    }
    messages.at(-1)?.push(bytes);
    room -= bytes.length;
  }
  return messages.map((parts) => {
    const header = Buffer.alloc(HEADER_BYTES);
    const message = Buffer.concat([header, ...parts]);
    message.writeUInt16BE(message.length, 2);
    message.writeUInt8(parts.length, 4);
    message.writeUInt8(1, 5);
    return message;
  });
}

function connectionBytes(connection: SyncedConnection): Buffer {
  const { client, virtual, real, timeoutSeconds, protocol = 'tcp' } = connection;
  const [number, established] = PROTOCOLS[protocol];
  const addresses = [client, virtual, real].map(({ address }) => addressBytes(address));
  const bytes = Buffer.concat([Buffer.alloc(FIXED_BYTES), ...addresses.map((one) => Buffer.from(one))]);
  bytes.writeUInt8(client.address.includes(':') ? INET6 : 0, 0);
  bytes.writeUInt8(number, 1);
  bytes.writeUInt16BE(bytes.length, 2);
  bytes.writeUInt32BE(DIRECT_ROUTING, 4);
  bytes.writeUInt16BE(established, 8);
  bytes.writeUInt16BE(client.port, 10);
  bytes.writeUInt16BE(virtual.port, 12);
  bytes.writeUInt16BE(real.port, 14);
  bytes.writeUInt32BE(timeoutSeconds, 20);
  return bytes;
}
