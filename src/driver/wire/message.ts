/** Framing: `struct nlmsghdr` around what a protocol says, and the kernel's acknowledgements. */
import { attributeTable, type Source, text } from './attributes.js';
import {
  NLM_F_ACK,
  NLM_F_ACK_TLVS,
  NLM_F_CAPPED,
  NLM_F_REQUEST,
  NLMSG_ERROR,
  NLMSGERR_ATTR_MSG,
} from './constants.js';
import { malformed } from './malformed.js';
import { aligned, HOST_IS_LITTLE_ENDIAN, type Writer } from './writer.js';

const HEADER_BYTES = 16;
const FLAGS_OFFSET = 6;

export interface RequestHeader {
  /** What the request is, in the words of its protocol. */
  readonly type: number;
  readonly sequence: number;
  /** NLM_F_* besides NLM_F_REQUEST. */
  readonly flags: number;
}

/** Begins a request; the protocol's header and attributes follow, then `endRequest` with the result. */
export function beginRequest(writer: Writer, { type, sequence, flags }: RequestHeader): number {
  const start = writer.claim(HEADER_BYTES);
  const { view } = writer;
  view.setUint16(start + 4, type, HOST_IS_LITTLE_ENDIAN);
  view.setUint16(start + FLAGS_OFFSET, NLM_F_REQUEST | flags, HOST_IS_LITTLE_ENDIAN);
  view.setUint32(start + 8, sequence, HOST_IS_LITTLE_ENDIAN);
  view.setUint32(start + 12, 0);
  return start;
}

export function endRequest(writer: Writer, start: number): void {
  writer.view.setUint32(start, writer.length - start, HOST_IS_LITTLE_ENDIAN);
}

/** Asks for an answer to this request even when it succeeds. */
export function askForAck(writer: Writer, start: number): void {
  const { view } = writer;
  const flags = view.getUint16(start + FLAGS_OFFSET, HOST_IS_LITTLE_ENDIAN);
  view.setUint16(start + FLAGS_OFFSET, flags | NLM_F_ACK, HOST_IS_LITTLE_ENDIAN);
}

/** A received message; its payload lies between `start` and `end` of its source. */
export interface Message {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly source: Source;
  readonly start: number;
  readonly end: number;
}

/** The messages of one datagram. */
export function* messagesOf(source: Source): Generator<Message> {
  const { view } = source;
  const size = view.byteLength;
  let at = 0;
  while (at < size) {
    if (at + HEADER_BYTES > size) throw malformed('a message header is cut off');
    const length = view.getUint32(at, HOST_IS_LITTLE_ENDIAN);
    if (length < HEADER_BYTES || at + length > size) throw malformed(`a message has length ${length}`);
    yield {
      type: view.getUint16(at + 4, HOST_IS_LITTLE_ENDIAN),
      flags: view.getUint16(at + FLAGS_OFFSET, HOST_IS_LITTLE_ENDIAN),
      sequence: view.getUint32(at + 8, HOST_IS_LITTLE_ENDIAN),
      source,
      start: at + HEADER_BYTES,
      end: at + length,
    };
    at += aligned(length);
  }
}

/** The kernel's verdict on one request: positive errno, or 0 when it was done. */
export interface Verdict {
  readonly errno: number;
  /** The kernel's own words (NLMSGERR_ATTR_MSG). */
  readonly extendedAck?: string;
}

const EXTENDED_ACK = attributeTable({ message: text(NLMSGERR_ATTR_MSG) });

/** Reads NLMSG_ERROR, which is also the acknowledgement, and NLMSG_DONE, which may hold an errno. */
export function verdictOf({ type, flags, source, start, end }: Message): Verdict {
  if (start + 4 > end) throw malformed('an acknowledgement is cut off');
  const errno = -source.view.getInt32(start, HOST_IS_LITTLE_ENDIAN);
  if (errno < 0) throw malformed(`an acknowledgement has the value ${-errno}`);
  const attributes = type === NLMSG_ERROR ? skipRequest(source, { flags, start, end }) : start + 4;
  if (!(flags & NLM_F_ACK_TLVS)) return { errno };
  const { message } = EXTENDED_ACK.decode(source, attributes, end);
  return message === undefined ? { errno } : { errno, extendedAck: message };
}

/** After the errno comes the request: its header, and all of it unless NLM_F_CAPPED. */
function skipRequest(
  source: Source,
  { flags, start, end }: { flags: number; start: number; end: number },
): number {
  const request = start + 4;
  if (request + HEADER_BYTES > end) throw malformed('an acknowledgement is cut off');
  const length = flags & NLM_F_CAPPED ? HEADER_BYTES : source.view.getUint32(request, HOST_IS_LITTLE_ENDIAN);
  if (request + length > end) throw malformed('an acknowledgement is cut off');
  return request + aligned(length);
}
