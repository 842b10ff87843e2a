/** The kernel's IPVS table in a few bytes for each entry: /proc/net/ip_vs, line by line. */

import { closeSync, openSync, readSync } from 'node:fs';
import { createOutlineBuilder, type Outline, type OutlineBuilder } from '../../domain/outline.js';
import type { Clock } from '../../domain/stretch.js';
import { malformed } from '../wire/malformed.js';
import { createPacer } from '../wire/pacer.js';

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

/** Takes the text in pieces. A line of a destination is cut out of it as it is: a pass that finds nothing is mostly these. */
export function createParser(): { push(text: string): void; finish(): Outline } {
  const builder = createOutlineBuilder();
  let rest = '';
  let line = 0;
  let service: string | undefined;

  function addLine(text: string, start: number, end: number): void {
    DESTINATION.lastIndex = start;
    if (!DESTINATION.test(text)) service = addService(builder, text.slice(start, end));
    else if (service) builder.add(service, text.slice(start + ARROW_LENGTH, DESTINATION.lastIndex));
  }

  return {
    push(text) {
      const all = rest + text;
      let start = 0;
      for (let end = all.indexOf('\n'); end >= 0; end = all.indexOf('\n', start)) {
        if (++line > TITLE_LINES) addLine(all, start, end);
        start = end + 1;
      }
      rest = all.slice(start);
    },
    finish: () => builder.finish(),
  };
}

const TITLE_LINES = 3;
/** To the end of the weight. */
const DESTINATION = / {2}-> \S+ +\S+ +-?\d+(?= )/y;
const ARROW_LENGTH = 5;
const SERVICE = /^(\S+) +(\S+) (\S+)( ops)?(?: +(persistent) \d+ [0-9A-F]{8})? *$/;
/** IPVS takes services of other protocols, forwards nothing for them, and a read of the table leaves them out too. */
const KINDS = new Set(['TCP', 'UDP', 'SCTP', 'FWM']);

/** Returns the service that the next destinations belong to. */
function addService(builder: OutlineBuilder, line: string): string | undefined {
  const [, kind = '', endpoint, scheduler, ops = '', persistent] = SERVICE.exec(line) ?? [];
  if (kind === '') throw malformed(`${PATH} has a line ${JSON.stringify(line)}`);
  if (!KINDS.has(kind)) return undefined;
  const name = `${kind} ${endpoint}`;
  builder.add(name, `${scheduler}${ops}${persistent ? ' persistent' : ''}`);
  return name;
}
