/**
 * The iptables of one address family. A host may have two of them, whose rules do not see each other: iptables-nft keeps
 * them in nf_tables, iptables-legacy in the kernel's older tables; plain `iptables` is one of the two.
 */
import { realpathSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { constants } from 'node:os';
import { basename } from 'node:path';
import type { Family } from '../../../domain/keys.js';
import { type KernelFiles, mayBeInUse } from '../../kernel-modules.js';
import { findProgram, ProgramError, runProgram } from '../program.js';
import { type Chains, NO_CHAIN, parseSaved } from './chains.js';

export interface Iptables {
  /** Our chains, in whichever variant they are. */
  read(): Promise<Chains>;
  /** Takes the input of `iptables-restore --noflush`. Throws `ProgramError`. */
  restore(text: string): Promise<void>;
}

interface Variant {
  readonly save: string;
  readonly restore: string;
  /** What the programs are in the end; several names may lead to it. */
  readonly kind: string;
}

/** How long to wait for another program that holds the lock of the tables. */
const LOCK_WAIT_SECONDS = 5;
const { EOPNOTSUPP } = constants.errno;
const NO_CHAINS: Chains = { mangle: NO_CHAIN, nat: NO_CHAIN };

/** Whether there is any iptables for the family. */
export function hasIptables(family: Family): boolean {
  return variantsOf(family).length > 0;
}

export function createIptables(family: Family, files: KernelFiles): Iptables {
  let settled: Variant | undefined;

  async function candidates(): Promise<Variant[]> {
    if (settled) return [settled];
    const variants = variantsOf(family);
    // old tables in use: the host's own rules are there
    if (!(await hasLegacyTables(family))) return variants;
    return [...variants.filter(isLegacy), ...variants.filter((variant) => !isLegacy(variant))];
  }

  /** Asking the programs instead would load the modules of the tables. */
  async function mayHaveTables(variant: Variant): Promise<boolean> {
    return isLegacy(variant) ? await hasLegacyTables(family) : await mayBeInUse('nf_tables', files);
  }

  /** A variant that the kernel does not support holds nothing, unless it held something before. */
  async function saved(variant: Variant): Promise<Chains> {
    try {
      return parseSaved(await runProgram(variant.save, []));
    } catch (error) {
      if (settled || !(error instanceof ProgramError) || error.errno !== EOPNOTSUPP) throw error;
      return NO_CHAINS;
    }
  }

  return {
    async read() {
      for (const variant of await candidates()) {
        if (!(await mayHaveTables(variant))) continue;
        const chains = await saved(variant);
        if (!hasOurs(chains)) continue;
        settled = variant;
        return chains;
      }
      return NO_CHAINS;
    },
    async restore(text) {
      let failure: unknown = new ProgramError('iptables-restore', 'cannot be run (ENOENT)', '');
      for (const variant of await candidates()) {
        try {
          await runProgram(variant.restore, ['--noflush', '-w', String(LOCK_WAIT_SECONDS)], text);
          settled = variant;
          return;
        } catch (error) {
          failure = error;
          if (!(error instanceof ProgramError) || error.errno !== EOPNOTSUPP) break;
        }
      }
      throw failure;
    },
  };
}

function hasOurs({ mangle, nat }: Chains): boolean {
  return [mangle, nat].some(({ exists, jumps }) => exists || jumps.length > 0);
}

function isLegacy({ kind }: Variant): boolean {
  return kind.includes('legacy');
}

/** The installed ones, each once, the host's own choice first. */
function variantsOf(family: Family): Variant[] {
  const program = family === 'ipv4' ? 'iptables' : 'ip6tables';
  const found = new Map<string, Variant>();
  for (const name of [program, `${program}-nft`, `${program}-legacy`]) {
    const [save, restore] = [`${name}-save`, `${name}-restore`];
    const path = findProgram(restore);
    if (path === undefined || findProgram(save) === undefined) continue;
    const kind = basename(realpathSync(path));
    if (!found.has(kind)) found.set(kind, { save, restore, kind });
  }
  return [...found.values()];
}

async function hasLegacyTables(family: Family): Promise<boolean> {
  try {
    const names = await readFile(`/proc/net/${family === 'ipv4' ? 'ip' : 'ip6'}_tables_names`, 'utf8');
    return /^(mangle|nat)$/m.test(names);
  } catch {
    return false;
  }
}
