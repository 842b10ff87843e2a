/** The kernel's IPVS table in a few bytes for each entry: /proc/net/ip_vs, line by line. */
import { closeSync, openSync, readSync } from 'node:fs';
import { createOutlineBuilder, type Outline, type OutlineBuilder } from '../../domain/outline.js';
import { malformed } from '../wire/malformed.js';
import { type Clock, createPacer } from '../wire/pacer.js';

const PATH = '/proc/net/ip_vs';
/** More than the kernel gives at once: the services that begin in a page of memory. */
const CHUNK_BYTES = 64 * 1024;

/**
 * Null when there is no such file for this process. A read takes as long as a system call, and through a thread of the
 * pool several times that. Between two reads the kernel holds nothing: services that come or go meanwhile may be missed, and
 * others shown twice.
 */
export async function readOutline(now: Clock, path = PATH): Promise<Outline | null> {
  const file = openOutline(path);
  if (file === undefined) return null;
  try {
    const pace = createPacer(now);
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    const parser = createParser();
    for (;;) {
      const length = readSync(file, buffer);
      if (length === 0) return parser.finish();
      parser.push(buffer.toString('latin1', 0, length));
      const pause = pace();
      if (pause) await pause;
    }
  } finally {
    closeSync(file);
  }
}

function openOutline(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch {
    return undefined;
  }
}

/** Takes the text in pieces. */
export function createParser(): { push(text: string): void; finish(): Outline } {
  const builder = createOutlineBuilder();
  let rest = '';
  let line = 0;
  let service: string | undefined;
  return {
    push(text) {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const one of lines) if (++line > TITLE_LINES) service = addLine(builder, one, service);
    },
    finish: () => builder.finish(),
  };
}

const TITLE_LINES = 3;
const DESTINATION = /^ {2}-> (\S+) +(\S+) +(-?\d+) /;
const SERVICE = /^(\S+) +(\S+) (\S+)( ops)?(?: +(persistent) \d+ [0-9A-F]{8})? *$/;
/** IPVS takes services of other protocols, forwards nothing for them, and a read of the table leaves them out too. */
const KINDS = new Set(['TCP', 'UDP', 'SCTP', 'FWM']);

/** Returns the service that the next destinations belong to. */
function addLine(builder: OutlineBuilder, line: string, service: string | undefined): string | undefined {
  const destination = DESTINATION.exec(line);
  if (destination) {
    if (service) builder.add(service, `${destination[1]} ${destination[2]} ${destination[3]}`);
    return service;
  }
  const [, kind = '', endpoint, scheduler, ops = '', persistent] = SERVICE.exec(line) ?? [];
  if (kind === '') throw malformed(`${PATH} has a line ${JSON.stringify(line)}`);
  if (!KINDS.has(kind)) return undefined;
  const name = `${kind} ${endpoint}`;
  builder.add(name, `${scheduler}${ops}${persistent ? ' persistent' : ''}`);
  return name;
}
