/** Counts calls in windows of time: a key's first call opens a window, in which it has its quota. */
import { RateLimiterMemory, type RateLimiterRes } from 'rate-limiter-flexible';
import { DomainError } from '../../domain/errors.js';
import type { Allowance } from '../control.js';

export interface RateLimit {
  readonly calls: number;
  readonly seconds: number;
}

export interface RateLimiter {
  /** Counts a call, or several. Rejects RATE_LIMITED when that is more than the quota; null: calls are not limited. */
  take(key: string, calls?: number): Promise<Allowance | null>;
  /** Rejects RATE_LIMITED when nothing is left of the quota; counts nothing. */
  check(key: string): Promise<void>;
}

/** In memory, with one record for each key that called in the last window. */
export function createRateLimiter(limit: RateLimit | null): RateLimiter {
  if (limit === null) return UNLIMITED;
  const { calls: quota, seconds: windowSeconds } = limit;
  const limiter = new RateLimiterMemory({ points: quota, duration: windowSeconds });

  function allowanceOf({ remainingPoints, msBeforeNext }: RateLimiterRes): Allowance {
    const resetSeconds = Math.max(1, Math.ceil(msBeforeNext / 1000));
    return { quota, windowSeconds, remaining: remainingPoints, resetSeconds };
  }

  return {
    async take(key, calls = 1) {
      const taken = await limiter.consume(key, calls).catch((spent: RateLimiterRes) => spent);
      const allowance = allowanceOf(taken);
      if (taken.consumedPoints > quota) throw rateLimited(allowance);
      return allowance;
    },
    async check(key) {
      const taken = await limiter.get(key);
      if (taken !== null && taken.remainingPoints === 0) throw rateLimited(allowanceOf(taken));
    },
  };
}

const UNLIMITED: RateLimiter = {
  take: async () => null,
  check: async () => undefined,
};

function rateLimited({ quota, windowSeconds, resetSeconds }: Allowance): DomainError {
  return new DomainError(
    'RATE_LIMITED',
    `One caller may make ${quota} calls in ${windowSeconds} s: wait ${resetSeconds} s, then call less often.`,
    {
      metadata: {
        quota: String(quota),
        windowSeconds: String(windowSeconds),
        retryAfterSeconds: String(resetSeconds),
      },
    },
  );
}
