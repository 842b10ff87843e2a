/**
 * Room for several datagrams, and the `struct mmsghdr` for each that recvmmsg(2) wants: the last part of a list and its end
 * come by one system call, which counts where each of many services has a list of its own.
 */
import koffi from 'koffi';
import { KernelUnavailableError } from '../kernel-error.js';

const PART = koffi.struct({ base: 'uintptr_t', bytes: 'size_t' });
const HEADER = koffi.struct({
  name: 'uintptr_t',
  nameBytes: 'unsigned int',
  parts: 'uintptr_t',
  partsCount: 'size_t',
  control: 'uintptr_t',
  controlBytes: 'size_t',
  flags: 'int',
});
const SLOT = koffi.struct({ header: HEADER, received: 'unsigned int' });

const SLOT_BYTES = koffi.sizeof(SLOT);
const RECEIVED_OFFSET = koffi.offsetof(SLOT, 'received');
const PART_BYTES = koffi.sizeof(PART);

export class DatagramSlots {
  readonly count: number;
  /** The array of `struct mmsghdr`. */
  readonly headers: Uint32Array;
  readonly #datagrams: readonly Buffer[];
  /** The array of `struct iovec` that the headers point to. */
  readonly #parts: Uint8Array;

  /** As many slots, of as many bytes each. */
  constructor(count: number, bytes: number) {
    this.count = count;
    this.headers = new Uint32Array(pinned(count * SLOT_BYTES));
    this.#parts = new Uint8Array(pinned(count * PART_BYTES));
    this.#datagrams = Array.from({ length: count }, () => Buffer.from(pinned(bytes)));
    const parts = koffi.address(this.#parts);
    for (const [index, datagram] of this.#datagrams.entries()) {
      const part = index * PART_BYTES;
      koffi.encode(this.#parts, part, PART, { base: koffi.address(datagram), bytes });
      const nowhere = { name: 0, nameBytes: 0, control: 0, controlBytes: 0 };
      const header = { ...nowhere, parts: parts + BigInt(part), partsCount: 1, flags: 0 };
      koffi.encode(this.headers, index * SLOT_BYTES, HEADER, header);
    }
  }

  /** What came into this slot, valid until something else does; `KernelUnavailableError` if it was too large (MSG_TRUNC). */
  datagramAt(index: number): Buffer {
    const length = this.headers[(index * SLOT_BYTES + RECEIVED_OFFSET) / Uint32Array.BYTES_PER_ELEMENT] ?? 0;
    const datagram = this.#datagrams[index];
    if (datagram === undefined || length > datagram.length) {
      throw new KernelUnavailableError(`the kernel sent a datagram of ${length} bytes`);
    }
    return datagram.subarray(0, length);
  }
}

/** Memory that a garbage collection does not move, as it may move that of a small typed array. */
function pinned(bytes: number): ArrayBuffer {
  return new ArrayBuffer(bytes);
}
