/**
 * Connections from nowhere: the messages of a synchronisation master, version 1 of the protocol (struct ip_vs_sync_mesg and
 * ip_vs_sync_v4 of net/netfilter/ipvs/ip_vs_sync.c), which a backup daemon turns into connections.
 */
import { createSocket, type Socket } from 'node:dgram';
import { addressBytes } from '../../src/domain/address.js';
import type { Backend } from '../../src/domain/keys.js';

export interface SyncedConnection {
  readonly client: Backend;
  readonly virtual: Backend;
  readonly real: Backend;
  readonly timeoutSeconds: number;
}

export const GROUP = '224.0.0.81';
export const PORT = 8848;
const CONNECTION_BYTES = 36;
const HEADER_BYTES = 8;
/** In one message of at most 1472 bytes. */
const CONNECTIONS_PER_MESSAGE = 40;
const TCP = 6;
/** IP_VS_TCP_S_ESTABLISHED, IP_VS_CONN_F_DROUTE */
const ESTABLISHED = 1;
const DIRECT_ROUTING = 3;
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
    let messages = 0;
    for (let start = 0; start < connections.length; start += CONNECTIONS_PER_MESSAGE) {
      await send(socket, syncMessage(connections.slice(start, start + CONNECTIONS_PER_MESSAGE)));
      messages += 1;
      if (messages % MESSAGES_PER_BREATH === 0) await new Promise((resolve) => setTimeout(resolve, 5));
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

function syncMessage(connections: readonly SyncedConnection[]): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES + CONNECTION_BYTES * connections.length);
  bytes.writeUInt16BE(bytes.length, 2);
  bytes.writeUInt8(connections.length, 4);
  bytes.writeUInt8(1, 5);
  for (const [index, connection] of connections.entries()) {
    writeConnection(bytes, HEADER_BYTES + index * CONNECTION_BYTES, connection);
  }
  return bytes;
}

function writeConnection(bytes: Buffer, at: number, connection: SyncedConnection): void {
  const { client, virtual, real, timeoutSeconds } = connection;
  bytes.writeUInt8(TCP, at + 1);
  bytes.writeUInt16BE(CONNECTION_BYTES, at + 2);
  bytes.writeUInt32BE(DIRECT_ROUTING, at + 4);
  bytes.writeUInt16BE(ESTABLISHED, at + 8);
  bytes.writeUInt16BE(client.port, at + 10);
  bytes.writeUInt16BE(virtual.port, at + 12);
  bytes.writeUInt16BE(real.port, at + 14);
  bytes.writeUInt32BE(timeoutSeconds, at + 20);
  for (const [index, { address }] of [client, virtual, real].entries()) {
    bytes.set(addressBytes(address), at + 24 + 4 * index);
  }
}
