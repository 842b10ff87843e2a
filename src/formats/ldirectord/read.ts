/** Reads ldirectord.cf: what ldirectord would put into the IPVS table, were all real servers healthy. */
import { createBudget } from '../budget.js';
import { buildDefinition } from '../definition.js';
import { createLedger, type Ledger } from '../ledger.js';
import { DEFAULT_CLUSTER, type ImportOptions, type ImportResult } from '../result.js';
import { readSections, type Section } from './directives.js';
import { FORMER_DIRECTIVES, GLOBAL_DIRECTIVES } from './keywords.js';
import { readVirtual } from './virtual-service.js';

export interface LdirectordImportOptions extends ImportOptions {
  /** How findings call the text (default "ldirectord.cf"). */
  readonly file?: string;
}

export function readLdirectord(
  text: string,
  { file = 'ldirectord.cf', cluster = DEFAULT_CLUSTER }: LdirectordImportOptions = {},
): ImportResult {
  const ledger = createLedger();
  const budget = createBudget();
  const services = readSections(text, file, ledger).flatMap((section) => {
    if (/^virtual6?$/.test(section.head.name)) return readVirtual(section, { ledger, budget }) ?? [];
    nameGlobal(section, ledger);
    return [];
  });
  const definition = buildDefinition(services, ledger, 'refuse');
  const isEmpty = Object.keys(definition.virtualServices).length === 0;
  return {
    clusters: isEmpty ? {} : { [cluster]: definition },
    findings: ledger.findings(),
    directives: ledger.counts(),
  };
}

function nameGlobal({ head: { from, name, value } }: Section, ledger: Ledger): void {
  const detail = value === null && name !== 'supervised' ? undefined : GLOBAL_DIRECTIVES.get(name);
  if (detail) ledger.name(from, 'unsupported', detail);
  else ledger.name(from, 'error', FORMER_DIRECTIVES.get(name) ?? `ldirectord does not know "${name}" here.`);
}
