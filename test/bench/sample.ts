/** Rounds of two things measured in turn, and what can be said of them. */

export type Unit = 'ms' | 'requests/s' | 'µs/entry' | 'µs/request' | 'MiB';

/** One thing, measured once in each round. */
export interface Sample {
  readonly label: string;
  readonly unit: Unit;
  readonly rounds: readonly number[];
}

/** A bound on a ratio or a value; whoever is at the bound has met it. */
export type Target = { readonly atMost: number } | { readonly atLeast: number };

/** A place on the curve of a cost that may grow with the table. */
export interface Point {
  readonly cost: string;
  readonly entries: number;
}

/** lvsd and its reference, round by round; the ratio is always lvsd's figure divided by the reference's. */
export interface Comparison {
  readonly what: string;
  readonly lvsd: Sample;
  readonly reference: Sample;
  readonly target?: Target;
  /** Where lvsd's figure stands. */
  readonly point?: Point;
}

/** A figure that has no reference. */
export interface Figure {
  readonly what: string;
  readonly value: number;
  readonly unit: Unit;
  readonly target?: Target;
  readonly point?: Point;
}

export interface Report {
  readonly comparisons: readonly Comparison[];
  readonly figures: readonly Figure[];
}

export interface Spread {
  readonly median: number;
  readonly lowest: number;
  readonly highest: number;
}

export function spreadOf(values: readonly number[]): Spread {
  return { median: percentile(values, 50), lowest: percentile(values, 0), highest: percentile(values, 100) };
}

/** Of the ratios of each round: what disturbs the machine for a while disturbs both. */
export function ratioOf({ lvsd, reference }: Comparison): Spread {
  return spreadOf(lvsd.rounds.map((value, round) => value / (reference.rounds[round] ?? Number.NaN)));
}

export function isMet(value: number, target: Target): boolean {
  return 'atMost' in target ? value <= target.atMost : value >= target.atLeast;
}

/** Nearest rank. Throws for no values at all: there is nothing to report. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)];
  if (value === undefined) throw new RangeError('a percentile of no values');
  return value;
}

/** How often to measure: at least so often, and no more once no figure's spread is above a tenth of its median. */
export interface Rounds {
  readonly least: number;
  readonly most: number;
}

const SMALL_SPREAD = 0.1;

function isSteady(values: readonly number[]): boolean {
  const { median, lowest, highest } = spreadOf(values);
  return highest - lowest <= SMALL_SPREAD * median;
}

/** Measures each thing once in each round, in turn, and every second round in the opposite order. */
export async function alternate<K extends string>(
  { least, most }: Rounds,
  measures: Readonly<Record<K, () => Promise<number>>>,
): Promise<Record<K, number[]>> {
  const names = Object.keys(measures) as K[];
  const values = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<K, number[]>;
  for (let round = 0; round < most; round += 1) {
    if (round >= least && names.every((name) => isSteady(values[name]))) break;
    for (const name of round % 2 === 0 ? names : [...names].reverse()) {
      values[name].push(await measures[name]());
    }
  }
  return values;
}

export async function timed(work: () => unknown): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
