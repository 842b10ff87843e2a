/** The kernel's connections: /proc/net/ip_vs_conn, line by line. Generic netlink does not show them. */
import { type FileHandle, open } from 'node:fs/promises';
import { addressFromBytes, canonicalAddress } from '../../domain/address.js';
import type { Connection } from '../../domain/director-operation.js';
import type { Backend } from '../../domain/keys.js';
import type { ListedConnection } from '../driver.js';
import { KernelUnavailableError } from '../kernel-error.js';

const PATH = '/proc/net/ip_vs_conn';
/** More than the kernel gives at once (a page of memory), so that one call takes all that there is. */
const CHUNK_BYTES = 64 * 1024;

export type ConnectionReader = (from?: number) => AsyncGenerator<readonly ListedConnection[]>;

/**
 * Positions are bytes. For every piece the kernel walks its list up to it, and for the first one of a reading it prints all
 * that stands before: a thread of the pool waits for it, and the event loop goes on. Readings take turns piece by piece, so
 * that however many there are, they keep one thread and one processor busy.
 */
export function createConnectionReader(path = PATH): ConnectionReader {
  let turn: Promise<unknown> = Promise.resolve();

  function readPiece(file: FileHandle, buffer: Buffer, position: number): Promise<string> {
    const piece = turn.then(async () => {
      const { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES, position).catch(unreadableFile(path));
      return buffer.toString('latin1', 0, bytesRead);
    });
    turn = piece.catch(() => undefined);
    return piece;
  }

  return async function* read(from = 0) {
    const file = await openTable(path);
    try {
      const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
      // The line that is under way there is not wanted: the title, the line feed of the connection before, or, when the
      // list has changed since, the rest of another one.
      let position = Math.max(0, from - 1);
      let end = position;
      let isWanted = false;
      let rest = '';
      for (;;) {
        const text = await readPiece(file, buffer, position);
        if (text === '') return;
        position += text.length;
        const lines = (rest + text).split('\n');
        rest = lines.pop() ?? '';
        const piece: ListedConnection[] = [];
        for (const line of lines) {
          end += line.length + 1;
          if (isWanted) piece.push({ connection: parseConnection(line), next: end });
          isWanted = true;
        }
        yield piece;
      }
    } finally {
      await file.close();
    }
  };
}

function openTable(path: string): Promise<FileHandle> {
  return open(path).catch(unreadableFile(path));
}

function unreadableFile(path: string): (error: Error) => never {
  return (error) => {
    throw new KernelUnavailableError(`${path} cannot be read: ${error.message}`, { cause: error });
  };
}

/** ip_vs_conn_seq_show of net/netfilter/ipvs/ip_vs_conn.c. Data of a persistence engine may hold anything but a newline. */
export function parseConnection(line: string): Connection {
  const match = LINE.exec(line);
  if (!match) throw unreadable(line);
  const [, protocol = '', client = '', clientPort = '', virtual = '', virtualPort = ''] = match;
  const [real = '', realPort = '', state = '', expires = '', engine, data = ''] = match.slice(6);
  return {
    protocol: protocol.toLowerCase(),
    client: endpointOf(client, clientPort),
    virtual: endpointOf(virtual, virtualPort),
    real: endpointOf(real, realPort),
    state,
    expiresSeconds: Number(expires),
    persistence: engine === undefined ? null : { engine, data },
  };
}

const ENDPOINT = '([0-9A-Fa-f:]+) +([0-9A-F]{4})';
const LINE = new RegExp(`^(\\S+) +${ENDPOINT} ${ENDPOINT} ${ENDPOINT} (\\S+) +(\\d+)(?: (\\S+) ?(.*))?$`);

/** IPv4 is shown as one hexadecimal number, IPv6 as eight groups of four digits. */
function endpointOf(address: string, port: string): Backend {
  return { address: addressOf(address), port: Number.parseInt(port, 16) };
}

function addressOf(text: string): string {
  if (!text.includes(':')) {
    const number = Number.parseInt(text, 16);
    return addressFromBytes(
      [number >>> 24, (number >> 16) & 0xff, (number >> 8) & 0xff, number & 0xff],
      'ipv4',
    );
  }
  const address = canonicalAddress(text);
  if (address === undefined) throw unreadable(text);
  return address;
}

function unreadable(text: string): KernelUnavailableError {
  return new KernelUnavailableError(`${PATH} cannot be understood: ${JSON.stringify(text)}`);
}
