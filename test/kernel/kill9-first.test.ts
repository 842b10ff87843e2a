// time limit: 900 s
// Thirty kills, one half of them here, at moments that are new in every run: two guests share the work. LVSD_KILLS=50 makes a hundred.
import { describeKill9 } from '../support/kill9.js';

describeKill9({
  kills: Number(process.env.LVSD_KILLS ?? 15),
  seed: Number(process.env.LVSD_SEED ?? Date.now() % 2 ** 31),
});
