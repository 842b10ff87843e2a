/** What an import or an export could not take over, for people, and what it means for the exit code. */
import type { Finding, ImportResult, Omission, Severity } from '../formats/result.js';

/** Done or planned, but the other side has no word for something. */
export const EXIT_UNSUPPORTED = 3;

/** For help texts. */
export const EXIT_CODES = `
Exit codes:
  0  nothing was wrong
  1  errors in the file, or refused
  2  wrong usage
  3  done or planned, but with directives that are not supported
`;

export function exitCodeFor(findings: readonly Finding[]): number {
  if (has(findings, 'error')) return 1;
  return has(findings, 'unsupported') ? EXIT_UNSUPPORTED : 0;
}

export function has(findings: readonly Finding[], severity: Severity): boolean {
  return findings.some((finding) => finding.severity === severity);
}

/** As compilers print theirs, so that editors find the place. */
export function findingLines({ findings, directives }: ImportResult): string[] {
  const lines = findings.map(
    ({ file, line, severity, directive, detail }) => `${file}:${line}: ${severity}: [${directive}] ${detail}`,
  );
  const { read, takenOver, named } = directives;
  const others = named > 0 ? `, ${named} named above` : '';
  return [...lines, `${read} directives: ${takenOver} taken over${others}.`].map(printable);
}

export function omissionLine({ pointer, detail }: Omission): string {
  return `omitted: ${pointer}: ${detail}`;
}

/** A file of somebody else shall not steer the terminal. */
function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, '\u{fffd}');
}
