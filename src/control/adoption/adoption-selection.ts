/** Which entries of the kernel's table an adoption is about. */
import { type Violation, violationError } from '../../domain/errors.js';
import { frontendKeyOf, isFwmark, isKey } from '../../domain/keys.js';
import { isInPrefix, type Prefix, parsePrefix } from '../../domain/prefix.js';
import type { AdoptionSelection } from '../../domain/schema/adoption.js';
import type { TableEntry } from '../../domain/table.js';

export interface Selection {
  /** Whether it is selected; a destination also when its service is. */
  has(entry: TableEntry): boolean;
  /** The keys that were named; null when they were selected by other means. */
  readonly keys: readonly string[] | null;
}

/** Throws a violation for each part that cannot be read. */
export function readSelection({ all = false, prefixes, keys }: AdoptionSelection): Selection {
  if (Number(all) + Number(prefixes !== undefined) + Number(keys !== undefined) !== 1) {
    throw violationError([invalid('/select', 'select needs one of all (true), prefixes and keys.')]);
  }
  if (prefixes) return { has: inPrefixes(readPrefixes(prefixes)), keys: null };
  if (keys) return { has: named(readKeys(keys)), keys };
  return { has: () => true, keys: null };
}

function inPrefixes(prefixes: readonly Prefix[]): Selection['has'] {
  return ({ frontend }) =>
    !isFwmark(frontend) && prefixes.some((prefix) => isInPrefix(frontend.address, prefix));
}

function named(keys: ReadonlySet<string>): Selection['has'] {
  return ({ key }) => keys.has(key) || keys.has(frontendKeyOf(key));
}

function readPrefixes(texts: readonly string[]): Prefix[] {
  const violations: Violation[] = [];
  const prefixes = texts.flatMap((text, index) => {
    const prefix = parsePrefix(text);
    const detail = `"${text}" is no prefix: write 192.0.2.0/24 or 2001:db8::/32, without bits beyond the length.`;
    if (!prefix) violations.push(invalid(`/select/prefixes/${index}`, detail));
    return prefix ?? [];
  });
  if (violations.length > 0) throw violationError(violations as [Violation, ...Violation[]]);
  return prefixes;
}

function readKeys(keys: readonly string[]): Set<string> {
  const violations = keys.flatMap((key, index) =>
    isKey(key)
      ? []
      : invalid(
          `/select/keys/${index}`,
          `"${key}" is no key: write it as the table does, like tcp/192.0.2.1:80 or tcp/192.0.2.1:80->10.0.0.1:80.`,
        ),
  );
  if (violations.length > 0) throw violationError(violations as [Violation, ...Violation[]]);
  return new Set(keys);
}

function invalid(pointer: string, detail: string): Violation {
  return { reason: 'FIELD_INVALID', pointer, detail };
}
