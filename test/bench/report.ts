/** Reports for people, as one case ends. */
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
  return `target ${boundText(target)}: ${isMet(value, target) ? 'met' : 'MISSED'}`;
}

export function boundText(target: Target): string {
  return 'atMost' in target ? `at most ${number(target.atMost)}` : `at least ${number(target.atLeast)}`;
}

/** Three significant digits, thousands with commas. */
export function number(value: number): string {
  if (value === 0) return '0';
  const digits = Math.max(0, Math.min(2 - Math.floor(Math.log10(Math.abs(value))), 4));
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
