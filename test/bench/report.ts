/** Reports for people. */
import {
  type Comparison,
  type Figure,
  isMet,
  type Report,
  ratioOf,
  spreadOf,
  type Target,
} from './sample.js';

export function printReport({ comparisons, figures }: Report): string {
  return [...comparisons.map(comparisonText), ...figures.map(figureText)].join('\n');
}

function comparisonText(one: Comparison): string {
  const ratio = ratioOf(one);
  const verdict = one.target ? `, ${verdictText(ratio.median, one.target)}` : '';
  return [
    `  ${one.what}: ratio ${number(ratio.median)} (${number(ratio.lowest)} to ${number(ratio.highest)})${verdict}`,
    ...[one.lvsd, one.reference].map((sample) => {
      const { median, lowest, highest } = spreadOf(sample.rounds);
      return `    ${sample.label}: ${number(median)} ${sample.unit} (${number(lowest)} to ${number(highest)}, ${sample.rounds.length} rounds)`;
    }),
  ].join('\n');
}

function figureText({ what, value, unit, target }: Figure): string {
  return `  ${what}: ${number(value)} ${unit}${target ? `, ${verdictText(value, target)}` : ''}`;
}

function verdictText(value: number, target: Target): string {
  const bound =
    'atMost' in target ? `at most ${number(target.atMost)}` : `at least ${number(target.atLeast)}`;
  return `target ${bound}: ${isMet(value, target) ? 'met' : 'MISSED'}`;
}

/** Three significant digits. */
export function number(value: number): string {
  if (value === 0) return '0';
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Math.min(digits, 4));
}
