/** What a case is, and what it is given. */
import type { Report, Rounds } from './sample.js';

/** Virtual services of a definition; each has `REAL_SERVERS` real servers. */
export type Size = 10 | 100 | 1000 | 10_000;

export interface Bench {
  readonly rounds: Rounds;
  /** Ascending; the last is the one that targets are about. */
  readonly sizes: readonly Size[];
  /** Seconds that one measurement of throughput takes. */
  readonly loadSeconds: number;
  /** A data directory with a definition of that size, or only its virtual services; to be copied before use. */
  seed(size: Size, only?: 'services'): string;
  /** A line for whoever waits. */
  progress(text: string): void;
}

export interface BenchCase {
  /** On the command line. */
  readonly name: string;
  readonly title: string;
  readonly place: 'host' | 'guest';
  /** Of a full run; the case is ended then. */
  readonly limitSeconds: number;
  run(bench: Bench): Promise<Report>;
}

export function largest({ sizes }: Bench): Size {
  const size = sizes[sizes.length - 1];
  if (size === undefined) throw new RangeError('no sizes');
  return size;
}

/** Sizes below the largest are there for the growth, which the fewest rounds show. */
export function roundsFor(bench: Bench, size: Size): Rounds {
  const { least, most } = bench.rounds;
  return { least, most: size === largest(bench) ? most : least };
}
