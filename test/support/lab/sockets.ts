/** TCP, UDP and SCTP sockets as file descriptors, in any namespace. Constants are those of linux/socket.h and linux/in.h. */
import { isIPv6 } from 'node:net';
import { addressBytes } from '../../../src/domain/address.js';
import { CallFailed, libc } from './libc.js';
import { inNamespace } from './namespaces.js';

export type Protocol = 'tcp' | 'udp' | 'sctp';

export interface Endpoint {
  readonly address: string;
  /** 0: the kernel chooses. */
  readonly port: number;
}

const FAMILY = { ipv4: 2, ipv6: 10 } as const;
const TYPE_AND_PROTOCOL = { tcp: [1, 6], udp: [2, 17], sctp: [1, 132] } as const;
const SOCK_NONBLOCK = 0x800;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_LINGER = 13;
const SO_RCVTIMEO = 20;
const SO_SNDTIMEO = 21;
const SOL_IP = 0;
/** Lets a real server listen on a VIP before its host has it. */
const IP_FREEBIND = 15;
const SOL_IPV6 = 41;
const IPV6_V6ONLY = 26;
const IPV6_FREEBIND = 78;
const ADDRESS_BYTES = 28;
const LIMIT_SECONDS = 3;

/** A socket that listens (UDP: that is bound) on an address which the namespace need not have yet. */
export function listenIn(namespace: string, protocol: Protocol, local: Endpoint): number {
  return inNamespace(namespace, () => {
    const fd = open(protocol, local, SOCK_NONBLOCK);
    const isV6 = isIPv6(local.address);
    setOption(fd, isV6 ? SOL_IPV6 : SOL_IP, isV6 ? IPV6_FREEBIND : IP_FREEBIND, [1]);
    if (isV6) setOption(fd, SOL_IPV6, IPV6_V6ONLY, [1]);
    bindTo(fd, local);
    if (protocol !== 'udp') libc.listen(fd, 1024);
    return fd;
  });
}

/** A socket bound in the namespace; for UDP ready to use, otherwise to be connected. */
export function openIn(namespace: string, protocol: Protocol, local: Endpoint): number {
  return inNamespace(namespace, () => {
    const fd = open(protocol, local, 0);
    bindTo(fd, local);
    return fd;
  });
}

/** Connects, with the peer's kernel alone: nobody need accept. Throws CallFailed; after three seconds EINPROGRESS. Reads, too, wait for three seconds only. */
export function connect(fd: number, remote: Endpoint): void {
  for (const option of [SO_RCVTIMEO, SO_SNDTIMEO])
    setOption(fd, SOL_SOCKET, option, [LIMIT_SECONDS, 0, 0, 0]);
  const address = encode(remote);
  libc.connect(fd, address, address.length);
}

/** The next connection of a listening socket; undefined when there is none. */
export function accept(listener: number): number | undefined {
  try {
    return libc.accept4(listener, null, null, SOCK_NONBLOCK);
  } catch (error) {
    if (error instanceof CallFailed && error.code === 'EAGAIN') return undefined;
    throw error;
  }
}

/** Closes; `reset` sends RST (SCTP: ABORT), which leaves nothing to wait for on either side. */
export function close(fd: number, { reset = false } = {}): void {
  if (reset) setOption(fd, SOL_SOCKET, SO_LINGER, [1, 0]);
  libc.close(fd);
}

function open(protocol: Protocol, { address }: Endpoint, flags: number): number {
  const [type, number] = TYPE_AND_PROTOCOL[protocol];
  const fd = libc.socket(isIPv6(address) ? FAMILY.ipv6 : FAMILY.ipv4, type | flags, number);
  setOption(fd, SOL_SOCKET, SO_REUSEADDR, [1]);
  return fd;
}

function bindTo(fd: number, local: Endpoint): void {
  const address = encode(local);
  libc.bind(fd, address, address.length);
}

function setOption(fd: number, level: number, name: number, words: readonly number[]): void {
  const value = Buffer.from(Uint32Array.from(words).buffer);
  libc.setsockopt(fd, level, name, value, value.length);
}

/** struct sockaddr_in or sockaddr_in6. */
function encode({ address, port }: Endpoint): Buffer {
  const isV6 = isIPv6(address);
  const bytes = Buffer.alloc(isV6 ? ADDRESS_BYTES : 16);
  bytes.writeUInt16LE(isV6 ? FAMILY.ipv6 : FAMILY.ipv4, 0);
  bytes.writeUInt16BE(port, 2);
  bytes.set(addressBytes(address), isV6 ? 8 : 4);
  return bytes;
}
