/** The kernel's end of a netlink socket, answering as a test says. Messages are put together here by hand. */
import { KernelUnavailableError } from '../../src/driver/kernel-error.js';
import type { Transport } from '../../src/driver/wire/socket.js';

/** One request of a datagram. */
export interface ReceivedRequest {
  readonly family: number;
  readonly command: number;
  readonly flags: number;
  readonly sequence: number;
  readonly bytes: Buffer;
}

export interface KernelScript {
  /** Numbers of the IPVS family, one for each time it is asked for; the last stays. Default: 28, always. */
  readonly families?: readonly (number | undefined)[];
  /** The datagrams that answer a request. Default: an acknowledgement where one is asked for. */
  answer?(request: ReceivedRequest): readonly Buffer[];
}

export interface ScriptedKernel {
  readonly open: () => Transport;
  /** What was sent, datagram by datagram, but the questions for the family. */
  readonly datagrams: ReceivedRequest[][];
  /** How often the family was asked for. */
  familyQuestions: number;
  openSockets: number;
  openedSockets: number;
}

export const REQUEST = 0x1;
export const ACK = 0x4;
export const DUMP = 0x300;
const INTERRUPTED = 0x10;
const CONTROL_FAMILY = 16;

export function createScriptedKernel({
  families = [28],
  answer = acknowledge,
}: KernelScript = {}): ScriptedKernel {
  const kernel: ScriptedKernel = {
    open,
    datagrams: [],
    familyQuestions: 0,
    openSockets: 0,
    openedSockets: 0,
  };

  function answerFamily(request: ReceivedRequest): Buffer[] {
    const id = families[Math.min(kernel.familyQuestions++, families.length - 1)];
    return id === undefined ? [refusal(request, 2)] : [familyReply(request, id), ...acknowledge(request)];
  }

  function open(): Transport {
    const queue: Buffer[] = [];
    kernel.openSockets++;
    kernel.openedSockets++;
    return {
      send(datagram) {
        const requests = splitRequests(Buffer.from(datagram));
        const isControl = requests[0]?.family === CONTROL_FAMILY;
        if (!isControl) kernel.datagrams.push(requests);
        for (const request of requests) queue.push(...(isControl ? answerFamily(request) : answer(request)));
      },
      receive() {
        const next = queue.shift();
        if (next === undefined) throw new KernelUnavailableError('the kernel did not answer in time');
        return next;
      },
      close() {
        kernel.openSockets--;
      },
    };
  }

  return kernel;
}

export function acknowledge(request: ReceivedRequest): Buffer[] {
  return request.flags & ACK && !(request.flags & DUMP) ? [refusal(request, 0)] : [];
}

const GET_SERVICE = 4;
const GET_DEST = 8;
/** AF, PROTOCOL, ADDR and PORT of 10.0.0.1:80. */
const WEB = Buffer.from(
  '06000100020000000600020006000000140003000a00000100000000000000000000000006000400005000',
  'hex',
);

/** The answers of a kernel whose table is these recorded messages, the destinations behind 10.0.0.1:80. */
export function answerWithTable(
  services: readonly string[],
  destinations: readonly string[],
): (request: ReceivedRequest) => readonly Buffer[] {
  return (request) => {
    const isList = Boolean(request.flags & DUMP);
    if (request.command === GET_SERVICE && isList) return [part(request, services), done(request)];
    if (request.command === GET_DEST) {
      return [part(request, request.bytes.includes(WEB) ? destinations : []), done(request)];
    }
    const identity = request.bytes.subarray(24);
    const found = services.filter((hex) => Buffer.from(hex, 'hex').includes(identity));
    return [found.length > 0 ? part(request, found) : refusal(request, 3), ...acknowledge(request)];
  };
}

function splitRequests(datagram: Buffer): ReceivedRequest[] {
  const requests: ReceivedRequest[] = [];
  for (let at = 0; at < datagram.length; at += datagram.readUInt32LE(at)) {
    const bytes = datagram.subarray(at, at + datagram.readUInt32LE(at));
    requests.push({
      family: bytes.readUInt16LE(4),
      flags: bytes.readUInt16LE(6),
      sequence: bytes.readUInt32LE(8),
      command: bytes.readUInt8(16),
      bytes,
    });
  }
  return requests;
}

/** NLMSG_ERROR, as NETLINK_CAP_ACK and NETLINK_EXT_ACK make it. */
export function refusal(request: ReceivedRequest, errno: number, words?: string): Buffer {
  const code = Buffer.alloc(4);
  code.writeInt32LE(-errno);
  const text = words === undefined ? [] : [attribute(1, Buffer.from(`${words}\0`))];
  const flags = 0x100 | (words === undefined ? 0 : 0x200);
  return message(
    { type: 2, flags, sequence: request.sequence },
    code,
    request.bytes.subarray(0, 16),
    ...text,
  );
}

/** NLMSG_ERROR as without NETLINK_CAP_ACK: the whole request comes back. */
export function wholeRefusal(request: ReceivedRequest, errno: number, words: string): Buffer {
  const code = Buffer.alloc(4);
  code.writeInt32LE(-errno);
  const text = attribute(1, Buffer.from(`${words}\0`));
  return message({ type: 2, flags: 0x200, sequence: request.sequence }, code, request.bytes, text);
}

/** A part of a list: recorded messages, cut ones too, under the request's sequence number. */
export function part(request: ReceivedRequest, recorded: readonly string[], interrupted = false): Buffer {
  return Buffer.concat(
    recorded.map((hex) => {
      const bytes = Buffer.from(hex, 'hex');
      if (bytes.length < 12) return bytes;
      bytes.writeUInt16LE(2 | (interrupted ? INTERRUPTED : 0), 6);
      bytes.writeUInt32LE(request.sequence, 8);
      return bytes;
    }),
  );
}

/** NLMSG_DONE */
export function done(request: ReceivedRequest, errno = 0): Buffer {
  const code = Buffer.alloc(4);
  code.writeInt32LE(-errno);
  return message({ type: 3, flags: 2, sequence: request.sequence }, code);
}

function familyReply(request: ReceivedRequest, id: number): Buffer {
  const number = Buffer.alloc(2);
  number.writeUInt16LE(id);
  const header = Buffer.from([1, 2, 0, 0]);
  return message(
    { type: CONTROL_FAMILY, flags: 0, sequence: request.sequence },
    header,
    attribute(1, number),
  );
}

export function attribute(type: number, value: Buffer): Buffer {
  const header = Buffer.alloc(4);
  header.writeUInt16LE(4 + value.length);
  header.writeUInt16LE(type, 2);
  return Buffer.concat([header, value, Buffer.alloc((4 - (value.length % 4)) % 4)]);
}

export function message(
  { type, flags, sequence }: { type: number; flags: number; sequence: number },
  ...payload: readonly Buffer[]
): Buffer {
  const body = Buffer.concat(payload);
  const header = Buffer.alloc(16);
  header.writeUInt32LE(16 + body.length);
  header.writeUInt16LE(type, 4);
  header.writeUInt16LE(flags, 6);
  header.writeUInt32LE(sequence, 8);
  return Buffer.concat([header, body]);
}
