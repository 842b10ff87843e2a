/** The seed of this run: a new one each time, unless LVSD_FUZZ_SEED names the one of a run that failed. */
export const fuzzSeed = Number(process.env.LVSD_FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31));

/** Of fast-check: the failure with its shortest case, as far as that is found within half a minute. */
export const REPORT = { includeErrorInReport: true, interruptAfterTimeLimit: 30_000 };
