/** The benchmark's cases, as small as they can be: that they run and measure what they promise, not how fast. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Bench, BenchCase, Size } from '../bench/bench.js';
import { makeSeeds, seedDirectory } from '../bench/seeds.js';

/** A test for each of these cases, with so many virtual services. */
export function testCases(selected: readonly BenchCase[], size: Size): void {
  const directory = mkdtempSync(join(tmpdir(), 'lvsd-seeds-'));
  const bench: Bench = {
    rounds: { least: 1, most: 1 },
    sizes: [size],
    loadSeconds: 0.5,
    seed: (of, only) => seedDirectory(directory, of, only),
    progress: () => {},
  };
  before(() => makeSeeds(directory, size));
  after(() => rmSync(directory, { recursive: true }));

  for (const one of selected) {
    test(`the benchmark's case ${one.name} measures`, async () => {
      const { comparisons, figures } = await one.run(bench);
      const values = [
        ...comparisons.flatMap(({ lvsd, reference }) => [...lvsd.rounds, ...reference.rounds]),
        ...figures.map(({ value }) => value),
      ];
      assert.ok([...comparisons, ...figures].some(({ target }) => target));
      for (const value of values) assert.ok(Number.isFinite(value) && value > 0, `${value}`);
    });
  }
}
