/** A growing buffer with a cursor that is used again and again: encoding allocates nothing for each attribute. */
import { endianness } from 'node:os';
import { NLA_F_NESTED } from './constants.js';

/** Netlink speaks the host's byte order, but for what is big-endian by its nature (addresses, ports). */
export const HOST_IS_LITTLE_ENDIAN = endianness() === 'LE';

const ATTRIBUTE_HEADER_BYTES = 4;
const ATTRIBUTE_MAX_BYTES = 0xffff;

/** Netlink pads to 4 bytes (NLMSG_ALIGN, NLA_ALIGN). */
export function aligned(length: number): number {
  return (length + 3) & ~3;
}

export class Writer {
  #bytes = Buffer.alloc(64 * 1024);
  #view = viewOf(this.#bytes);
  #length = 0;

  /** Replaced when the buffer grows: ask again after each `claim`. */
  get bytes(): Buffer {
    return this.#bytes;
  }

  /** As `bytes`. */
  get view(): DataView {
    return this.#view;
  }

  get length(): number {
    return this.#length;
  }

  clear(): void {
    this.#length = 0;
  }

  written(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Room for so many bytes, at least one, then padding of zeros; returns where they begin. The caller writes all of them. */
  claim(length: number): number {
    const start = this.#length;
    const end = start + aligned(length);
    if (end > this.#bytes.length) this.#grow(end);
    this.#view.setUint32(end - 4, 0);
    this.#length = end;
    return start;
  }

  /** Writes an attribute's header and returns where its value, of so many bytes, belongs. */
  attribute(type: number, length: number): number {
    const total = ATTRIBUTE_HEADER_BYTES + length;
    if (total > ATTRIBUTE_MAX_BYTES) throw new RangeError(`an attribute cannot hold ${length} bytes`);
    const start = this.claim(total);
    this.#view.setUint16(start, total, HOST_IS_LITTLE_ENDIAN);
    this.#view.setUint16(start + 2, type, HOST_IS_LITTLE_ENDIAN);
    return start + ATTRIBUTE_HEADER_BYTES;
  }

  /** Begins an attribute made of attributes; give the result to `endNested`. */
  beginNested(type: number): number {
    return this.attribute(type | NLA_F_NESTED, 0) - ATTRIBUTE_HEADER_BYTES;
  }

  endNested(start: number): void {
    const total = this.#length - start;
    if (total > ATTRIBUTE_MAX_BYTES) throw new RangeError(`an attribute cannot hold ${total} bytes`);
    this.#view.setUint16(start, total, HOST_IS_LITTLE_ENDIAN);
  }

  #grow(atLeast: number): void {
    const larger = Buffer.alloc(Math.max(atLeast, this.#bytes.length * 2));
    larger.set(this.#bytes);
    this.#bytes = larger;
    this.#view = viewOf(larger);
  }
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
