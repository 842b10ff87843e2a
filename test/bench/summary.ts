/** One run of the benchmark as a whole: the file of `--json`, and the tables of `--markdown`. */
import { boundText, number } from './report.js';
import {
  type Comparison,
  type Figure,
  isMet,
  type Point,
  type Report,
  ratioOf,
  type Sample,
  type Spread,
  spreadOf,
  type Target,
  type Unit,
} from './sample.js';

/** What a case's process writes. */
export interface CaseReport extends Report {
  /** Release of the kernel that it ran on: the host's or the guest's. */
  readonly kernel: string;
}

export interface Run {
  /** Facts about the machine and the versions, by what they are called. */
  readonly machine: Readonly<Record<string, string>>;
  readonly isQuick: boolean;
  /** By the names of the cases, in the order in which they ran. */
  readonly reports: Readonly<Record<string, CaseReport>>;
  /** Names of the cases that could not be measured. */
  readonly failed: readonly string[];
}

/** Every round, and what follows from the rounds. */
export function jsonOf({ reports, ...run }: Run): object {
  const cases = Object.entries(reports).map(([name, { kernel, comparisons, figures }]) => ({
    name,
    kernel,
    comparisons: comparisons.map((one) => ({
      ...one,
      lvsd: withSpread(one.lvsd),
      reference: withSpread(one.reference),
      ratio: ratioOf(one),
      ...verdict(ratioOf(one).median, one.target),
    })),
    figures: figures.map((one) => ({ ...one, ...verdict(one.value, one.target) })),
  }));
  return { ...run, cases };
}

function withSpread(sample: Sample): Sample & Spread {
  return { ...sample, ...spreadOf(sample.rounds) };
}

function verdict(value: number, target: Target | undefined): { isMet?: boolean } {
  return target ? { isMet: isMet(value, target) } : {};
}

/** Tables to paste into docs/performance.md. */
export function markdownOf({ machine, isQuick, reports, failed }: Run): string {
  const all = Object.entries(reports);
  const kernels = [...new Set(all.map(([, { kernel }]) => kernel))].map((kernel) => {
    const names = all.filter(([, report]) => report.kernel === kernel).map(([name]) => name);
    return `${kernel} (${names.join(', ')})`;
  });
  return [
    ...(isQuick ? ['**A quick run: it says nothing about the targets.**', ''] : []),
    ...table(['', ''], Object.entries({ ...machine, kernels: kernels.join('; ') })),
    '',
    ...table(
      ['case', '', 'lvsd', 'reference', 'ratio (lowest to highest)', 'target', ''],
      all.flatMap(([name, report]) => rowsOf(report).map((cells) => [name, ...cells])),
    ),
    ...failed.map((name) => `\n**\`${name}\` could not be measured.**`),
    '',
    ...growthTable(all.map(([, report]) => report)),
    '',
  ].join('\n');
}

function rowsOf({ comparisons, figures }: Report): string[][] {
  return [
    ...comparisons.map((one) => {
      const ratio = ratioOf(one);
      const shown = `${number(ratio.median)} (${number(ratio.lowest)} to ${number(ratio.highest)})`;
      return [
        one.what,
        sampleText(one.lvsd),
        sampleText(one.reference),
        shown,
        ...targetCells(ratio.median, one),
      ];
    }),
    ...figures.map((one) => [
      one.what,
      `${number(one.value)} ${one.unit}`,
      '',
      '',
      ...targetCells(one.value, one),
    ]),
  ];
}

function sampleText({ label, unit, rounds }: Sample): string {
  return `${number(spreadOf(rounds).median)} ${unit}, ${label}`;
}

function targetCells(value: number, { target }: Pick<Comparison | Figure, 'target'>): string[] {
  if (!target) return ['', ''];
  return [boundText(target), isMet(value, target) ? 'met' : '**missed**'];
}

interface PlacedFigure extends Point {
  readonly value: number;
  readonly unit: Unit;
}

/** A row for each cost, a column for each number of entries, and how often the largest is the smallest. */
function growthTable(reports: readonly Report[]): string[] {
  const placed = reports.flatMap(placedFigures);
  const sizes = [...new Set(placed.map(({ entries }) => entries))].sort((a, b) => a - b);
  const costs = [...new Set(placed.map(({ cost }) => cost))];
  const rows = costs.map((cost) => {
    const values = sizes.map((size) => placed.find((one) => one.cost === cost && one.entries === size));
    const [first, last] = [values.find(Boolean), values.findLast(Boolean)];
    return [
      cost,
      ...values.map((one) => (one ? `${number(one.value)} ${one.unit}` : '')),
      first && last && first !== last
        ? `× ${number(last.value / first.value)} for × ${number(last.entries / first.entries)}`
        : '',
    ];
  });
  return table(['cost', ...sizes.map((size) => `${size.toLocaleString('en')} entries`), 'growth'], rows);
}

function placedFigures({ comparisons, figures }: Report): PlacedFigure[] {
  return [
    ...comparisons.map(({ point, lvsd }) => ({
      point,
      value: spreadOf(lvsd.rounds).median,
      unit: lvsd.unit,
    })),
    ...figures,
  ].flatMap(({ point, value, unit }) => (point ? [{ ...point, value, unit }] : []));
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
}
