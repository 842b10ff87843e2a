/**
 * Everything that anybody in the guest tells its kernel's IPVS: generic netlink requests as the monitor interface (nlmon)
 * shows them, counted by command. The witness that nothing was written is the kernel's own copy of each message.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { CallFailed, libc } from './lab/libc.js';

const AF_PACKET = 17;
/** Without the header that nlmon puts before each message. */
const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0x800;
const ETH_P_ALL = 3;
const SOL_SOCKET = 1;
const SO_RCVBUFFORCE = 33;
const SOL_PACKET = 263;
const PACKET_STATISTICS = 6;
const SOCKADDR_LL_BYTES = 20;
const INTERFACE = 'nlmon0';
const BUFFER_BYTES = 64 * 2 ** 20;
const POLL_MS = 20;

/** struct nlmsghdr: length, type, flags, sequence, port; struct genlmsghdr: command, version. */
const HEADER_BYTES = 16;
const NLM_F_REQUEST = 1;
const GENL_ID_CTRL = 16;
const CTRL_CMD_NEWFAMILY = 1;
const CTRL_ATTR_FAMILY_ID = 1;

/** IPVS_CMD_* of linux/ip_vs.h. */
const COMMANDS = [
  '', 'NEW_SERVICE', 'SET_SERVICE', 'DEL_SERVICE', 'GET_SERVICE', 'NEW_DEST', 'SET_DEST', 'DEL_DEST', 'GET_DEST',
  'NEW_DAEMON', 'DEL_DAEMON', 'GET_DAEMON', 'SET_CONFIG', 'GET_CONFIG', 'SET_INFO', 'GET_INFO', 'ZERO', 'FLUSH',
]; // biome-ignore format: a list to read

export interface NetlinkWatch {
  /** Requests since the start or the last call, by command, those that only read left out. Throws when any was missed. */
  writes(): Readonly<Record<string, number>>;
  /** How many requests that only read there were in all. */
  readonly reads: number;
  close(): void;
}

export function watchNetlink(): NetlinkWatch {
  execFileSync('modprobe', ['nlmon']);
  execFileSync('ip', ['link', 'add', INTERFACE, 'type', 'nlmon']);
  execFileSync('ip', ['link', 'set', INTERFACE, 'up']);
  const fd = openSocket();
  execFileSync('ipvsadm', ['-Ln']); // asks for the family's number, which is then known
  const family = familyNumber(receiveAll(fd).flatMap(messagesOf));
  let writes: Record<string, number> = {};
  let reads = 0;

  function drain(): void {
    for (const message of receiveAll(fd).flatMap(messagesOf)) {
      if (message.readUInt16LE(4) !== family || !(message.readUInt16LE(6) & NLM_F_REQUEST)) continue;
      const command = COMMANDS[message[HEADER_BYTES] ?? 0] ?? 'unknown';
      if (command.startsWith('GET_')) reads += 1;
      else writes[command] = (writes[command] ?? 0) + 1;
    }
  }

  const timer = setInterval(drain, POLL_MS);
  return {
    writes() {
      drain();
      assertNoneMissed(fd);
      const counted = writes;
      writes = {};
      return counted;
    },
    get reads() {
      drain();
      return reads;
    },
    close() {
      clearInterval(timer);
      libc.close(fd);
    },
  };
}

function openSocket(): number {
  const fd = libc.socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  const size = Buffer.from(Uint32Array.of(BUFFER_BYTES).buffer);
  libc.setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, size, size.length);
  const address = Buffer.alloc(SOCKADDR_LL_BYTES);
  address.writeUInt16LE(AF_PACKET, 0);
  address.writeUInt16BE(ETH_P_ALL, 2);
  address.writeInt32LE(Number(readFileSync(`/sys/class/net/${INTERFACE}/ifindex`, 'utf8')), 4);
  libc.bind(fd, address, address.length);
  return fd;
}

const space = Buffer.alloc(2 ** 16);
const sender = Buffer.alloc(SOCKADDR_LL_BYTES);

/** The datagrams that have arrived. */
function receiveAll(fd: number): Buffer[] {
  const datagrams: Buffer[] = [];
  for (;;) {
    try {
      const length = libc.recvfrom(fd, space, space.length, 0, sender, [sender.length]);
      datagrams.push(Buffer.from(space.subarray(0, length)));
    } catch (error) {
      if (error instanceof CallFailed && error.code === 'EAGAIN') return datagrams;
      throw error;
    }
  }
}

/** A datagram may hold many messages, each aligned to four bytes. */
function messagesOf(datagram: Buffer): Buffer[] {
  const messages: Buffer[] = [];
  for (let start = 0; start + HEADER_BYTES < datagram.length; ) {
    const length = datagram.readUInt32LE(start);
    if (length < HEADER_BYTES) break;
    messages.push(datagram.subarray(start, start + length));
    start += (length + 3) & ~3;
  }
  return messages;
}

/** From the answer to somebody's question for the family "IPVS". */
function familyNumber(messages: readonly Buffer[]): number {
  const answer = messages.find(
    (message) =>
      message.readUInt16LE(4) === GENL_ID_CTRL &&
      message[HEADER_BYTES] === CTRL_CMD_NEWFAMILY &&
      message.includes('IPVS\0'),
  );
  if (!answer) throw new Error('nobody asked for the family of IPVS');
  for (let at = HEADER_BYTES + 4; at + 4 < answer.length; ) {
    const length = answer.readUInt16LE(at);
    if (answer.readUInt16LE(at + 2) === CTRL_ATTR_FAMILY_ID) return answer.readUInt16LE(at + 4);
    at += (length + 3) & ~3;
  }
  throw new Error('the answer has no number');
}

/** Reading the statistics resets them. */
function assertNoneMissed(fd: number): void {
  const statistics = Buffer.alloc(8);
  libc.getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, statistics, [statistics.length]);
  const dropped = statistics.readUInt32LE(4);
  if (dropped > 0) throw new Error(`${dropped} netlink messages were missed`);
}
