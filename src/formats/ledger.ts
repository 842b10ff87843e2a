/** Keeps account of the directives of one import, so that none is dropped in silence. */
import type { Directive, DirectiveCounts, Finding, Place, Severity } from './result.js';

export interface Ledger {
  /** Tells of a directive that was read; its block is told of by itself. */
  open(directive: Directive): void;
  /** It is in the definition, unless it is named later. */
  take(directive: Directive): void;
  /** It and all of its block are not in the definition, and this is why. */
  name(directive: Directive, severity: Severity, detail: string): void;
  /** It and all of its block are not in the definition, as a finding about something else says. */
  cover(directive: Directive): void;
  /** A remark that decides nothing about any directive. Said twice, it stands once. */
  note(place: Place, directive: string, severity: Severity, detail: string): void;
  /** Sorted by file, in the order in which files were met, and line. */
  findings(): Finding[];
  counts(): DirectiveCounts;
}

const LONGEST_TEXT = 120;

export function createLedger(): Ledger {
  const state = new Map<Directive, 'read' | 'taken' | 'named'>();
  const findings: Finding[] = [];
  const files = new Map<string, number>();
  const said = new Set<string>();

  function meet(file: string): void {
    if (!files.has(file)) files.set(file, files.size);
  }

  function cover(directive: Directive): void {
    const pending = [directive];
    for (let one = pending.pop(); one; one = pending.pop()) {
      state.set(one, 'named');
      for (const inner of one.block ?? []) pending.push(inner);
    }
  }

  function note({ file, line }: Place, directive: string, severity: Severity, detail: string): void {
    const key = JSON.stringify([file, line, directive, detail]);
    if (said.has(key)) return;
    said.add(key);
    meet(file);
    findings.push({ severity, file, line, directive: shortened(directive), detail });
  }

  return {
    open(directive) {
      meet(directive.file);
      state.set(directive, 'read');
    },
    take: (directive) => {
      state.set(directive, 'taken');
    },
    cover,
    name(directive, severity, detail) {
      cover(directive);
      note(directive, directive.words.join(' '), severity, detail);
    },
    note,
    findings: () =>
      findings
        .map((finding, index) => ({ finding, index, file: files.get(finding.file) ?? 0 }))
        .sort((a, b) => a.file - b.file || a.finding.line - b.finding.line || a.index - b.index)
        .map(({ finding }) => finding),
    counts() {
      const states = [...state.values()];
      return {
        read: states.length,
        takenOver: states.filter((one) => one === 'taken').length,
        named: states.filter((one) => one === 'named').length,
      };
    },
  };
}

function shortened(text: string): string {
  return text.length <= LONGEST_TEXT ? text : `${text.slice(0, LONGEST_TEXT - 1)}…`;
}
