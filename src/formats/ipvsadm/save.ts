/**
 * Reads what `ipvsadm -S` writes and `ipvsadm -R` reads: one ipvsadm command a line, applied in turn to an empty table.
 * What remains becomes a definition.
 */
import { destinationKey, frontendKey } from '../../domain/keys.js';
import { buildDefinition, type ReadServer, type ReadService } from '../definition.js';
import { createLedger, type Ledger } from '../ledger.js';
import { DEFAULT_CLUSTER, type Directive, type ImportOptions, type ImportResult } from '../result.js';
import { WELL_KNOWN_PORTS } from '../well-known-ports.js';
import { readCommandLine } from './command-line.js';
import { Fault } from './fault.js';
import type { CommandLine } from './line.js';
import type { Lookup } from './lookup.js';
import type { CommandName } from './options.js';
import { readServer, readService } from './spec.js';

export interface IpvsadmImportOptions extends ImportOptions {
  /** How findings call the text (default "ipvsadm-save"). */
  readonly file?: string;
}

interface Entry {
  service: ReadService;
  readonly servers: Map<string, ReadServer>;
}

interface Line {
  readonly from: Directive;
  readonly line: CommandLine;
  readonly table: Map<string, Entry>;
  readonly ledger: Ledger;
}

const NOT_OF_THE_TABLE: Partial<Record<CommandName, string>> = {
  set: 'Timeouts belong to the director, not to a cluster: set them on the director.',
  'start-daemon':
    'Synchronisation daemons belong to the director, not to a cluster: set them on the director.',
  'stop-daemon':
    'Synchronisation daemons belong to the director, not to a cluster: set them on the director.',
  zero: 'Counters are not part of a definition.',
  list: 'Listing changes nothing.',
  save: 'Saving changes nothing.',
  help: 'Help changes nothing.',
  version: 'The version changes nothing.',
  restore: 'A restore inside a restore is refused by ipvsadm.',
};

const TABLE_COMMANDS: Partial<Record<CommandName, (line: Line) => void>> = {
  'add-service': addService,
  'edit-service': editService,
  'delete-service': deleteService,
  clear,
  'add-server': (line) => writeServer(line, 'add'),
  'edit-server': (line) => writeServer(line, 'edit'),
  'delete-server': deleteServer,
};

/** A file is read the same on every machine. */
const LOOKUP: Lookup = {
  host: () => undefined,
  port: (name) => WELL_KNOWN_PORTS.get(name.toLowerCase()),
  isLenient: true,
};

export function readIpvsadmSave(
  text: string,
  { file = 'ipvsadm-save', cluster = DEFAULT_CLUSTER }: IpvsadmImportOptions = {},
): ImportResult {
  const ledger = createLedger();
  const table = new Map<string, Entry>();
  for (const from of directivesOf(text, file)) {
    ledger.open(from);
    const line = read(from);
    if (line instanceof Fault) ledger.name(from, 'error', sentence(line));
    else apply({ from, line, table, ledger });
  }
  const services = [...table.values()].map(({ service, servers }) => ({
    ...service,
    servers: [...servers.values()],
  }));
  const definition = buildDefinition(services, ledger, 'refuse');
  const isEmpty = Object.keys(definition.virtualServices).length === 0;
  return {
    clusters: isEmpty ? {} : { [cluster]: definition },
    findings: ledger.findings(),
    directives: ledger.counts(),
  };
}

/** Words are separated by blanks; a line that begins with # is a comment (rules files have them, ipvsadm has not). */
function directivesOf(text: string, file: string): Directive[] {
  return text.split(/\r\n|\n|\r/).flatMap((line, index) => {
    const words = line.split(/[\s\0]+/).filter((word) => word !== '');
    if (words[0] === 'ipvsadm' || words[0]?.endsWith('/ipvsadm')) words.shift();
    if (words.length === 0 || words[0]?.startsWith('#')) return [];
    return [{ file, line: index + 1, words, block: null }];
  });
}

function read({ words }: Directive): CommandLine | Fault {
  try {
    return readCommandLine(words, LOOKUP);
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
}

function sentence({ message, isHint }: Fault): string {
  if (isHint) return message;
  const remedy = message.includes('address[:port]')
    ? ' Names of hosts cannot be looked up here: save with ipvsadm -Sn.'
    : '';
  return `ipvsadm refuses this: ${message.trim()}.${remedy}`;
}

function apply(line: Line): void {
  const { command } = line.line;
  const reason = NOT_OF_THE_TABLE[command];
  if (reason !== undefined) line.ledger.name(line.from, 'unsupported', reason);
  else TABLE_COMMANDS[command]?.(line);
}

/** The service that the line is about; names the line when there is none such in the table. */
function present({ line, table, ledger, from }: Line): { key: string; entry: Entry } | undefined {
  const key = line.frontend ? frontendKey(line.frontend) : '';
  const entry = table.get(key);
  if (entry) return { key, entry };
  ledger.name(from, 'error', `There is no virtual service ${key} at this point.`);
  return undefined;
}

function addService({ from, line, table, ledger }: Line): void {
  const read = readService(from, line, ledger);
  if (typeof read === 'string') {
    ledger.name(from, 'error', read);
    return;
  }
  const key = line.frontend ? frontendKey(line.frontend) : '';
  const earlier = table.get(key);
  if (earlier) {
    ledger.name(
      from,
      'error',
      `${key} is there already (line ${earlier.service.from.line}): edit it with -E.`,
    );
    return;
  }
  ledger.take(from);
  table.set(key, { service: read, servers: new Map() });
}

function editService(line: Line): void {
  const { from, ledger } = line;
  const found = present(line);
  if (!found) return;
  const read = readService(from, line.line, ledger);
  if (typeof read === 'string') {
    ledger.name(from, 'error', read);
    return;
  }
  found.entry.service = read;
  ledger.take(from);
}

function deleteService(line: Line): void {
  const found = present(line);
  if (!found) return;
  line.table.delete(found.key);
  line.ledger.take(line.from);
}

function clear({ from, table, ledger }: Line): void {
  table.clear();
  ledger.take(from);
}

function writeServer(line: Line, how: 'add' | 'edit'): void {
  const { from, ledger } = line;
  const found = present(line);
  if (!found) return;
  const server = readServer(from, line.line, ledger);
  if (typeof server === 'string') {
    ledger.name(from, 'error', server);
    return;
  }
  const { servers } = found.entry;
  const key = backendKey(found.key, server);
  if (servers.has(key) !== (how === 'edit')) {
    const state = how === 'edit' ? 'not there at this point' : 'there already: edit it with -e';
    ledger.name(from, 'error', `This real server is ${state}.`);
    return;
  }
  ledger.take(from);
  servers.set(key, server);
}

function deleteServer(line: Line): void {
  const { from, ledger } = line;
  const found = present(line);
  if (!found) return;
  const server = readServer(from, line.line, ledger);
  if (typeof server === 'string') ledger.name(from, 'error', server);
  else if (found.entry.servers.delete(backendKey(found.key, server))) ledger.take(from);
  else ledger.name(from, 'error', 'This real server is not there at this point.');
}

function backendKey(frontend: string, { spec: { address, port = 0 } }: ReadServer): string {
  return destinationKey(frontend, { address, port });
}
