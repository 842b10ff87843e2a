/** Reads keepalived.conf: what keepalived 2.2 would put into the IPVS table, were all real servers healthy. */
import { createBudget } from '../budget.js';
import type { ConfigFiles } from '../config-files.js';
import { buildDefinition } from '../definition.js';
import { createLedger, type Ledger } from '../ledger.js';
import { DEFAULT_CLUSTER, type Directive, type ImportOptions, type ImportResult } from '../result.js';
import { readBlocks } from './blocks.js';
import { type Group, readGroup } from './group.js';
import { GLOBAL_KEYWORDS, ROOT_KEYWORDS } from './keywords.js';
import { settle } from './settle.js';
import { readVirtualServer } from './virtual-server.js';

export interface KeepalivedImportOptions extends ImportOptions {
  /** What lines that begin with @ are compared with (keepalived's -i; by default the host's name). */
  readonly configId?: string;
  /** How many lines the configuration may expand to; keepalived.conf(5) has an example of 900,000 (default 1,000,000). */
  readonly maxLines?: number;
}

export function readKeepalived(
  path: string,
  files: ConfigFiles,
  { cluster = DEFAULT_CLUSTER, configId, maxLines = 1_000_000 }: KeepalivedImportOptions = {},
): ImportResult {
  const ledger = createLedger();
  if (files.read(path) === undefined) {
    ledger.note({ file: path, line: 1 }, path, 'error', 'The file cannot be read.');
  }
  const top = readBlocks(path, { files, ledger, configId, maxLines });
  const groups = readGroups(top, ledger);
  const budget = createBudget();
  const services = top
    .filter(({ words }) => words[0] === 'virtual_server')
    .flatMap((directive) => {
      const server = readVirtualServer(directive, ledger);
      return server ? settle(server, groups, { ledger, budget }) : [];
    });
  nameOthers(top, ledger);
  const definition = buildDefinition(services, ledger, 'merge');
  const isEmpty = Object.keys(definition.virtualServices).length === 0;
  return {
    clusters: isEmpty ? {} : { [cluster]: definition },
    findings: ledger.findings(),
    directives: ledger.counts(),
  };
}

/** Of two groups with one name, keepalived finds the first. */
function readGroups(top: readonly Directive[], ledger: Ledger): Map<string, Group> {
  const groups = new Map<string, Group>();
  for (const directive of top.filter(({ words }) => words[0] === 'virtual_server_group')) {
    const group = readGroup(directive, ledger);
    if (!group) continue;
    const earlier = groups.get(group.name);
    if (earlier)
      ledger.name(
        directive,
        'error',
        `The group is there already (line ${earlier.from.line}): the first stays.`,
      );
    else groups.set(group.name, group);
  }
  nameUnused(groups, top, ledger);
  return groups;
}

function nameUnused(groups: ReadonlyMap<string, Group>, top: readonly Directive[], ledger: Ledger): void {
  const used = new Set(
    top
      .filter(({ words }) => words[0] === 'virtual_server' && words[1] === 'group')
      .map(({ words }) => words[2]),
  );
  for (const { name, from } of groups.values()) {
    if (!used.has(name)) ledger.name(from, 'info', 'No virtual server uses this group.');
  }
}

function nameOthers(top: readonly Directive[], ledger: Ledger): void {
  for (const directive of top) {
    const word = directive.words[0] ?? '';
    if (word === 'virtual_server' || word === 'virtual_server_group') continue;
    const known = ROOT_KEYWORDS.get(word);
    if (known) ledger.name(directive, known.severity, known.detail);
    else ledger.name(directive, 'error', `keepalived does not know "${word}" here.`);
    if (word === 'global_defs') nameGlobals(directive, ledger);
  }
}

/** What concerns IPVS is named by itself, beside the block. */
function nameGlobals({ block }: Directive, ledger: Ledger): void {
  for (const directive of block ?? []) {
    const known = GLOBAL_KEYWORDS.get(directive.words[0] ?? '');
    if (known) ledger.name(directive, known.severity, known.detail);
  }
}
