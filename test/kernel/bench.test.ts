import { readTable } from '../bench/cases/read-table.js';
import { testCases } from '../support/bench-smoke.js';

// Only that one: every other case of the guest takes longer, and says itself when it could not measure.
testCases([readTable], 10);
