/**
 * Netlink attributes. A table names the attributes of one level with their types; the same table encodes and decodes.
 * Encoding writes what is given, in the table's order. Decoding checks every length and skips what it does not know.
 */

import { NLA_TYPE_MASK } from './constants.js';
import { malformed } from './malformed.js';
import { aligned, HOST_IS_LITTLE_ENDIAN, viewOf, type Writer } from './writer.js';

/** Received bytes; valid as long as the datagram they came in. */
export class Source {
  readonly bytes: Buffer;
  readonly view: DataView;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.view = viewOf(bytes);
  }
}

/** One attribute: its number and how its value is written and read. */
export interface Attribute<T> {
  readonly type: number;
  encode(writer: Writer, value: T): void;
  decode(source: Source, start: number, end: number): T;
}

type Attributes = Readonly<Record<string, Attribute<unknown>>>;

/** The values of a table's attributes; an undefined one is not in the message. */
export type Values<T> = {
  -readonly [K in keyof T]?: T[K] extends Attribute<infer V> ? V | undefined : never;
};

export interface AttributeTable<T> {
  encode(writer: Writer, values: Values<T>): void;
  decode(source: Source, start: number, end: number): Values<T>;
}

interface Field {
  readonly name: string;
  readonly attribute: Attribute<unknown>;
}

/** Two names may share a number where one attribute means two things: each is then decoded, one is encoded. */
export function attributeTable<T extends Attributes>(attributes: T): AttributeTable<T> {
  const fields = Object.entries(attributes).map(([name, attribute]): Field => ({ name, attribute }));
  const byType: Field[][] = [];
  for (const field of fields) {
    const { type } = field.attribute;
    byType[type] = [...(byType[type] ?? []), field];
  }

  // Values of one shape from the start are several times faster to fill and to read.
  const blank = Object.fromEntries(fields.map(({ name }) => [name, undefined]));

  return {
    encode(writer, values) {
      for (const { name, attribute } of fields) {
        const value = values[name];
        if (value !== undefined) attribute.encode(writer, value);
      }
    },
    decode(source, start, end) {
      const values: Record<string, unknown> = { ...blank };
      let at = start;
      while (at < end) {
        if (at + 4 > end) throw malformed('an attribute header is cut off');
        const length = source.view.getUint16(at, HOST_IS_LITTLE_ENDIAN);
        const type = source.view.getUint16(at + 2, HOST_IS_LITTLE_ENDIAN) & NLA_TYPE_MASK;
        if (length < 4 || at + length > end) throw malformed(`attribute ${type} has length ${length}`);
        for (const { name, attribute } of byType[type] ?? []) {
          values[name] = attribute.decode(source, at + 4, at + length);
        }
        at += aligned(length);
      }
      return values as Values<T>;
    },
  };
}

/** An attribute made of the attributes of another table. */
export function nested<T>(type: number, table: AttributeTable<T>): Attribute<Values<T>> {
  return {
    type,
    encode(writer, values) {
      const start = writer.beginNested(type);
      table.encode(writer, values);
      writer.endNested(start);
    },
    decode: (source, start, end) => table.decode(source, start, end),
  };
}

/** Text with a closing NUL, which some senders leave out. */
export function text(type: number): Attribute<string> {
  return {
    type,
    encode(writer, value) {
      const length = Buffer.byteLength(value);
      const at = writer.attribute(type, length + 1);
      writer.bytes.write(value, at, length);
      writer.bytes[at + length] = 0;
    },
    decode(source, start, end) {
      const nul = source.bytes.subarray(start, end).indexOf(0);
      return source.bytes.toString('utf8', start, nul === -1 ? end : start + nul);
    },
  };
}

/** So many bytes as they are; fewer given ones are filled up with zeros. */
export function bytes(type: number, length: number): Attribute<readonly number[]> {
  return {
    type,
    encode(writer, value) {
      const at = writer.attribute(type, length);
      const { bytes } = writer;
      for (let i = 0; i < length; i++) bytes[at + i] = value[i] ?? 0;
    },
    decode(source, start, end) {
      checkLength(type, end - start, length);
      const value = new Array<number>(length);
      for (let i = 0; i < length; i++) value[i] = source.view.getUint8(start + i);
      return value;
    },
  };
}

/** As many bytes as there are. */
export function binary(type: number): Attribute<Uint8Array> {
  return {
    type,
    encode(writer, value) {
      const at = writer.attribute(type, value.length);
      writer.bytes.set(value, at);
    },
    decode: (source, start, end) => Uint8Array.from(source.bytes.subarray(start, end)),
  };
}

export function u8(type: number): Attribute<number> {
  return fixed(type, {
    length: 1,
    put: (view, at, value) => view.setUint8(at, value),
    get: (view, at) => view.getUint8(at),
  });
}

export function u16(type: number): Attribute<number> {
  return fixed(type, {
    length: 2,
    put: (view, at, value) => view.setUint16(at, value, HOST_IS_LITTLE_ENDIAN),
    get: (view, at) => view.getUint16(at, HOST_IS_LITTLE_ENDIAN),
  });
}

export function bigEndianU16(type: number): Attribute<number> {
  return fixed(type, {
    length: 2,
    put: (view, at, value) => view.setUint16(at, value),
    get: (view, at) => view.getUint16(at),
  });
}

export function u32(type: number): Attribute<number> {
  return fixed(type, {
    length: 4,
    put: (view, at, value) => view.setUint32(at, value, HOST_IS_LITTLE_ENDIAN),
    get: (view, at) => view.getUint32(at, HOST_IS_LITTLE_ENDIAN),
  });
}

export function bigEndianU32(type: number): Attribute<number> {
  return fixed(type, {
    length: 4,
    put: (view, at, value) => view.setUint32(at, value),
    get: (view, at) => view.getUint32(at),
  });
}

/** A 32-bit counter, in the type of the wider ones. */
export function counter32(type: number): Attribute<bigint> {
  return fixed(type, {
    length: 4,
    put: (view, at, value) => view.setUint32(at, Number(value), HOST_IS_LITTLE_ENDIAN),
    get: (view, at) => BigInt(view.getUint32(at, HOST_IS_LITTLE_ENDIAN)),
  });
}

export function counter64(type: number): Attribute<bigint> {
  return fixed(type, {
    length: 8,
    put: (view, at, value) => view.setBigUint64(at, value, HOST_IS_LITTLE_ENDIAN),
    get: (view, at) => view.getBigUint64(at, HOST_IS_LITTLE_ENDIAN),
  });
}

/** `struct ip_vs_flags`: the value, and a mask that says that all of its bits count. */
export function maskedFlags(type: number): Attribute<number> {
  return fixed(type, {
    length: 8,
    put(view, at, value) {
      view.setUint32(at, value, HOST_IS_LITTLE_ENDIAN);
      view.setUint32(at + 4, 0xffffffff);
    },
    get: (view, at) => view.getUint32(at, HOST_IS_LITTLE_ENDIAN),
  });
}

interface FixedLayout<T> {
  readonly length: number;
  put(view: DataView, at: number, value: T): void;
  get(view: DataView, at: number): T;
}

function fixed<T>(type: number, { length, put, get }: FixedLayout<T>): Attribute<T> {
  return {
    type,
    encode(writer, value) {
      const at = writer.attribute(type, length);
      put(writer.view, at, value);
    },
    decode(source, start, end) {
      checkLength(type, end - start, length);
      return get(source.view, start);
    },
  };
}

function checkLength(type: number, actual: number, expected: number): void {
  if (actual !== expected) throw malformed(`attribute ${type} has ${actual} bytes instead of ${expected}`);
}
