/** What passes the director's interface, as a packet socket (packet(7)) sees it. */
import { readFileSync } from 'node:fs';
import { CallFailed, libc } from './libc.js';
import { DIRECTOR, inNamespace } from './namespaces.js';
import { DIRECTOR_INTERFACE } from './network.js';
import { type Packet, readPacket } from './packet.js';

const AF_PACKET = 17;
/** Without the link's header. */
const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0x800;
const ETH_P_ALL = 3;
const SOL_SOCKET = 1;
const SO_RCVBUFFORCE = 33;
const SOCKADDR_LL_BYTES = 20;
const SNAP_LENGTH = 256;
const PACKET_OUTGOING = 4;

export interface Seen {
  readonly direction: 'in' | 'out';
  readonly packet: Packet;
}

export interface Capture {
  /** IP packets since the start or the last call. */
  take(): Seen[];
  close(): void;
}

export function captureAtDirector(): Capture {
  const fd = inNamespace(DIRECTOR, () => {
    const opened = libc.socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    const buffer = Buffer.from(Uint32Array.of(8 * 2 ** 20).buffer);
    libc.setsockopt(opened, SOL_SOCKET, SO_RCVBUFFORCE, buffer, buffer.length);
    libc.bind(opened, linkAddress(), SOCKADDR_LL_BYTES);
    return opened;
  });

  function* packets(): Generator<Seen> {
    for (;;) {
      const bytes = Buffer.alloc(SNAP_LENGTH);
      const from = Buffer.alloc(SOCKADDR_LL_BYTES);
      const length = receive(fd, bytes, from);
      if (length === undefined) return;
      const packet = readPacket(bytes.subarray(0, length), from.readUInt16BE(2));
      if (packet) yield { direction: from[10] === PACKET_OUTGOING ? 'out' : 'in', packet };
    }
  }

  return { take: () => [...packets()], close: () => libc.close(fd) };
}

function receive(fd: number, bytes: Buffer, from: Buffer): number | undefined {
  try {
    return libc.recvfrom(fd, bytes, bytes.length, 0, from, [from.length]);
  } catch (error) {
    if (error instanceof CallFailed && error.code === 'EAGAIN') return undefined;
    throw error;
  }
}

/** struct sockaddr_ll of the interface, for every protocol. */
function linkAddress(): Buffer {
  const bytes = Buffer.alloc(SOCKADDR_LL_BYTES);
  bytes.writeUInt16LE(AF_PACKET, 0);
  bytes.writeUInt16BE(ETH_P_ALL, 2);
  bytes.writeInt32LE(Number(readFileSync(`/sys/class/net/${DIRECTOR_INTERFACE}/ifindex`, 'utf8')), 4);
  return bytes;
}
