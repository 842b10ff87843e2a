import { cases } from '../bench/cases.js';
import { testCases } from '../support/bench-smoke.js';

testCases(
  cases.filter(({ place }) => place === 'host'),
  100,
);
