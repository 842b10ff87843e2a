/** A netlink socket: datagrams to the kernel and back, nothing about what they say. */
import { constants } from 'node:os';
import { KernelUnavailableError } from '../kernel-error.js';
import {
  AF_NETLINK,
  NETLINK_CAP_ACK,
  NETLINK_EXT_ACK,
  SO_RCVBUF,
  SO_RCVBUFFORCE,
  SO_RCVTIMEO,
  SO_SNDBUF,
  SO_SNDBUFFORCE,
  SOCK_CLOEXEC,
  SOCK_RAW,
  SOL_NETLINK,
  SOL_SOCKET,
} from './constants.js';
import { DatagramSlots } from './datagram-slots.js';
import { type Libc, loadLibc, SystemCallError } from './libc.js';

/** The seam under the protocol: the kernel's side of it can be scripted. */
export interface Transport {
  /** Hands one datagram to the kernel, which has carried out its requests when this returns. */
  send(datagram: Uint8Array): void;
  /**
   * The next datagram, valid until the next call. Throws `KernelUnavailableError` when none comes in time or when some
   * were lost.
   */
  receive(): Buffer;
  close(): void;
}

export interface SocketOptions {
  /** NETLINK_* of linux/netlink.h: who in the kernel is spoken to. */
  readonly protocol: number;
  /** How long to wait for an answer, which the kernel has ready when `send` returns. */
  readonly receiveTimeoutMs: number;
}

/** The kernel fills at most 32 KiB of a dump into one datagram (netlink_recvmsg). */
const RECEIVE_BYTES = 64 * 1024;
/** A list of up to 32 KiB, and the datagram that says that it ended. */
const RECEIVE_SLOTS = 2;
const SEND_BUFFER_BYTES = 1024 * 1024;
/** Room for the refusals of a whole datagram of requests: each answer counts with its bookkeeping, about 1 KiB. */
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;

export function createNetlinkSocket({ protocol, receiveTimeoutMs }: SocketOptions): Transport {
  const libc = loadLibc();
  const fd = unavailableOnFailure(() => openSocket(libc, protocol, receiveTimeoutMs));
  const slots = new DatagramSlots(RECEIVE_SLOTS, RECEIVE_BYTES);
  let received = 0;
  let taken = 0;

  function receiveUninterrupted(): number {
    for (;;) {
      try {
        return libc.receiveSome(fd, slots);
      } catch (error) {
        if (!(error instanceof SystemCallError) || error.errno !== constants.errno.EINTR) throw error;
      }
    }
  }

  return {
    send(datagram) {
      unavailableOnFailure(() => libc.send(fd, datagram));
    },
    receive() {
      if (taken === received) {
        received = unavailableOnFailure(receiveUninterrupted);
        taken = 0;
      }
      return slots.datagramAt(taken++);
    },
    close: () => libc.close(fd),
  };
}

function openSocket(libc: Libc, protocol: number, receiveTimeoutMs: number): number {
  const fd = libc.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
  try {
    setOptions(libc, fd, receiveTimeoutMs);
    return fd;
  } catch (error) {
    libc.close(fd);
    throw error;
  }
}

function setOptions(libc: Libc, fd: number, receiveTimeoutMs: number): void {
  libc.setOption(fd, SOL_SOCKET, SO_RCVTIMEO, libc.timeval(receiveTimeoutMs));
  setBuffer(libc, fd, { forced: SO_SNDBUFFORCE, limited: SO_SNDBUF, bytes: SEND_BUFFER_BYTES });
  setBuffer(libc, fd, { forced: SO_RCVBUFFORCE, limited: SO_RCVBUF, bytes: RECEIVE_BUFFER_BYTES });
  libc.setOption(fd, SOL_NETLINK, NETLINK_CAP_ACK, int32(1));
  libc.setOption(fd, SOL_NETLINK, NETLINK_EXT_ACK, int32(1));
}

interface BufferOption {
  readonly forced: number;
  readonly limited: number;
  readonly bytes: number;
}

/** Past the administrator's limit where permitted; what follows without permission fails more clearly than this. */
function setBuffer(libc: Libc, fd: number, { forced, limited, bytes }: BufferOption): void {
  try {
    libc.setOption(fd, SOL_SOCKET, forced, int32(bytes));
  } catch (error) {
    if (!(error instanceof SystemCallError) || error.errno !== constants.errno.EPERM) throw error;
    libc.setOption(fd, SOL_SOCKET, limited, int32(bytes));
  }
}

function int32(value: number): Uint8Array {
  return new Uint8Array(Int32Array.of(value).buffer);
}

function unavailableOnFailure<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    if (!(error instanceof SystemCallError)) throw error;
    throw new KernelUnavailableError(explain(error), { cause: error });
  }
}

function explain({ errno, message }: SystemCallError): string {
  switch (errno) {
    case constants.errno.EAGAIN:
      return 'the kernel did not answer in time';
    case constants.errno.ENOBUFS:
      return 'answers of the kernel were lost (ENOBUFS)';
    default:
      return `netlink is not usable: ${message}`;
  }
}
