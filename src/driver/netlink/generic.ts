/** Generic netlink: `struct genlmsghdr` between a message's header and its attributes. */
import type { Request } from '../wire/connection.js';
import { malformed } from '../wire/malformed.js';
import type { Message } from '../wire/message.js';
import type { Writer } from '../wire/writer.js';
import { IPVS_GENL_VERSION } from './constants.js';

const HEADER_BYTES = 4;

export interface GenericRequest extends Pick<Request, 'onReply'> {
  /** Number of the generic netlink family. */
  readonly family: number;
  readonly command: number;
  /** Writes the attributes; none when left out. */
  encode?(writer: Writer): void;
}

export function generic({ family, command, encode, onReply }: GenericRequest): Request {
  return {
    type: family,
    encode(writer) {
      writeGenericHeader(writer, command);
      encode?.(writer);
    },
    ...(onReply && { onReply }),
  };
}

/** The attributes follow. */
export function writeGenericHeader(writer: Writer, command: number): void {
  const start = writer.claim(HEADER_BYTES);
  const { view } = writer;
  view.setUint8(start, command);
  view.setUint8(start + 1, IPVS_GENL_VERSION);
  view.setUint16(start + 2, 0);
}

/** Where the attributes of a message begin; what they mean is the receiver's to know. */
export function attributesStart({ start, end }: Message): number {
  if (start + HEADER_BYTES > end) throw malformed('a generic netlink header is cut off');
  return start + HEADER_BYTES;
}
