// time limit: 900 s
// The other half of the kills: see kill9-first.test.ts.
import { describeKill9 } from '../support/kill9.js';

describeKill9({
  kills: Number(process.env.LVSD_KILLS ?? 15),
  seed: Number(process.env.LVSD_SEED ?? Date.now() % 2 ** 31),
});
