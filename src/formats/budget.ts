/** Ranges multiply: a few lines can stand for more real servers than any director has. */

const MOST_REAL_SERVERS = 500_000;

export interface Budget {
  /** Whether so many more real servers may be made; if so, they are counted. */
  spend(count: number): boolean;
  /** A sentence for when they may not. */
  readonly refusal: string;
}

export function createBudget(): Budget {
  let left = MOST_REAL_SERVERS;
  return {
    spend(count) {
      if (count > left) return false;
      left -= count;
      return true;
    },
    refusal: `The configuration makes more than ${MOST_REAL_SERVERS} real servers.`,
  };
}
