/** How the parts of a keepalived configuration are read: by keyword, each telling the ledger what became of it. */
import type { Ledger } from '../ledger.js';
import { parseUnsigned } from '../numbers.js';
import type { Directive } from '../result.js';
import type { NotTakenOver } from './keywords.js';

/** Returns nothing when the directive was taken over, or a sentence that says why not. */
export type Handler<T> = (into: T, directive: Directive, ledger: Ledger) => string | undefined;

export interface Keyword<T> {
  readonly handle: Handler<T>;
  /** Words after the keyword; more than these are noted. Absent: the handler looks at all. */
  readonly values?: number;
  /** The handler reads the block; otherwise there must be none. */
  readonly hasBlock?: true;
}

/** Reads the directives of a block into `into`. Keywords that nobody knows are errors, as they are to keepalived. */
export function readBlock<T>(
  into: T,
  block: readonly Directive[],
  { keywords, others, ledger }: BlockVocabulary<T>,
): void {
  const first = new Map<string, Directive>();
  for (const directive of block) {
    const word = directive.words[0] ?? '';
    const keyword = keywords.get(word);
    const other = others.get(word);
    if (keyword) {
      const isTaken = handle(into, directive, keyword, ledger);
      if (isTaken && !keyword.hasBlock) noteRepeat(directive, first, ledger);
    } else if (other) ledger.name(directive, other.severity, other.detail);
    else ledger.name(directive, 'error', `keepalived does not know "${word}" here${hint(directive)}.`);
  }
}

function noteRepeat(directive: Directive, first: Map<string, Directive>, ledger: Ledger): void {
  const word = directive.words[0] ?? '';
  const earlier = first.get(word);
  if (!earlier) first.set(word, directive);
  else {
    const detail = `${word} is given already (line ${earlier.line}): from here on this one counts.`;
    ledger.note(directive, directive.words.join(' '), 'info', detail);
  }
}

export interface BlockVocabulary<T> {
  readonly keywords: ReadonlyMap<string, Keyword<T>>;
  readonly others: ReadonlyMap<string, NotTakenOver>;
  readonly ledger: Ledger;
}

function handle<T>(into: T, directive: Directive, keyword: Keyword<T>, ledger: Ledger): boolean {
  ledger.take(directive);
  const reason = keyword.handle(into, directive, ledger);
  if (reason !== undefined) ledger.name(directive, 'error', reason);
  if (!keyword.hasBlock) {
    for (const inner of directive.block ?? [])
      ledger.name(inner, 'error', `${directive.words[0]} has no block.`);
  }
  const extra = keyword.values === undefined ? [] : directive.words.slice(keyword.values + 1);
  if (extra.length > 0) {
    ledger.note(directive, directive.words.join(' '), 'error', `"${extra.join(' ')}" has no meaning here.`);
  }
  return reason === undefined;
}

function hint({ words }: Directive): string {
  return words[0]?.endsWith('\\') ? ': a \\ at the end of a line joins lines in definitions only' : '';
}

/** A handler for a keyword followed by a number within limits. */
export function numberInto<T>(min: number, max: number, set: (into: T, value: number) => void): Keyword<T> {
  return {
    values: 1,
    handle(into, { words }) {
      const value = parseUnsigned(words[1], min, max);
      if (value === undefined) return `A number from ${min} to ${max} is needed, not "${words[1] ?? ''}".`;
      set(into, value);
      return undefined;
    },
  };
}
