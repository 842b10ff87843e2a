/** The C library's socket calls. Failures are thrown as `SystemCallError` with errno. */
import { getSystemErrorName } from 'node:util';
import koffi from 'koffi';
import { MSG_TRUNC, MSG_WAITFORONE } from './constants.js';
import type { DatagramSlots } from './datagram-slots.js';

/** A system call that failed; `errno` is positive. */
export class SystemCallError extends Error {
  readonly errno: number;

  constructor(call: string, errno: number) {
    super(`${call}: ${getSystemErrorName(-errno)}`);
    this.name = 'SystemCallError';
    this.errno = errno;
  }
}

export interface Libc {
  socket(domain: number, type: number, protocol: number): number;
  setOption(fd: number, level: number, name: number, value: Uint8Array): void;
  send(fd: number, bytes: Uint8Array): void;
  /** Sends to an address, which is a `struct sockaddr` of its family. */
  sendTo(fd: number, bytes: Uint8Array, address: Uint8Array): void;
  /** Returns how many slots were filled, from the first on; blocks for the first as long as SO_RCVTIMEO allows. */
  receiveSome(fd: number, slots: DatagramSlots): number;
  close(fd: number): void;
  /** `struct timeval` of this many milliseconds. */
  timeval(milliseconds: number): Uint8Array;
}

let libc: Libc | undefined;

/** Loaded at the first call, so that a system without it can still run the memory driver. */
export function loadLibc(): Libc {
  libc ??= bindLibc();
  return libc;
}

function bindLibc(): Libc {
  const library = koffi.load(null);
  const socket = library.func('int socket(int, int, int)');
  const setsockopt = library.func('int setsockopt(int, int, int, const void *, unsigned int)');
  const send = library.func('long send(int, const void *, unsigned long, int)');
  const sendto = library.func(
    'long sendto(int, const void *, unsigned long, int, const void *, unsigned int)',
  );
  const recvmmsg = library.func('int recvmmsg(int, void *, unsigned int, int, void *)');
  const close = library.func('int close(int)');
  return {
    socket: (domain, type, protocol) => checked('socket', socket(domain, type, protocol)),
    setOption(fd, level, name, value) {
      checked('setsockopt', setsockopt(fd, level, name, value, value.length));
    },
    send(fd, bytes) {
      checked('send', send(fd, bytes, bytes.length, 0));
    },
    sendTo(fd, bytes, address) {
      checked('sendto', sendto(fd, bytes, bytes.length, 0, address, address.length));
    },
    receiveSome(fd, { headers, count }) {
      return checked('recvmmsg', recvmmsg(fd, headers, count, MSG_TRUNC | MSG_WAITFORONE, null));
    },
    close(fd) {
      checked('close', close(fd));
    },
    timeval(milliseconds) {
      const [seconds, microseconds] = [Math.floor(milliseconds / 1000), (milliseconds % 1000) * 1000];
      return koffi.sizeof('long') === 8
        ? new Uint8Array(BigInt64Array.of(BigInt(seconds), BigInt(microseconds)).buffer)
        : new Uint8Array(Int32Array.of(seconds, microseconds).buffer);
    },
  };
}

function checked(call: string, result: number): number {
  if (result === -1) throw new SystemCallError(call, koffi.errno());
  return result;
}
