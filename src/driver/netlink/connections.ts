/** The kernel's connections: /proc/net/ip_vs_conn, line by line. Generic netlink does not show them. */
import { type FileHandle, open } from 'node:fs/promises';
import { addressFromBytes, canonicalAddress } from '../../domain/address.js';
import type { Connection } from '../../domain/director-operation.js';
import type { Backend } from '../../domain/keys.js';
import { KernelUnavailableError } from '../kernel-error.js';

const PATH = '/proc/net/ip_vs_conn';
/** More than the kernel gives at once (a page of memory), so that one call takes all that there is. */
const CHUNK_BYTES = 64 * 1024;

/** Holds one piece of the file at a time; each is read by a thread of the pool, so the event loop goes on. */
export async function* readConnections(path = PATH): AsyncGenerator<Connection> {
  const file = await openTable(path);
  try {
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    let rest = '';
    let isHeader = true;
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES, null);
      if (bytesRead === 0) return;
      const lines = (rest + buffer.toString('latin1', 0, bytesRead)).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        if (!isHeader) yield parseConnection(line);
        isHeader = false;
      }
    }
  } finally {
    await file.close();
  }
}

async function openTable(path: string): Promise<FileHandle> {
  try {
    return await open(path);
  } catch (error) {
    throw new KernelUnavailableError(`${path} cannot be read: ${(error as Error).message}`, { cause: error });
  }
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
