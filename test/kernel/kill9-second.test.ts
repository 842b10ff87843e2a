// time limit: 900 s
// A hundred kills, the other half of them here: two guests share the work.
import { describeKill9 } from '../support/kill9.js';

describeKill9({
  kills: Number(process.env.LVSD_KILLS ?? 30),
  seed: Number(process.env.LVSD_SEED ?? Date.now() % 2 ** 31),
});
