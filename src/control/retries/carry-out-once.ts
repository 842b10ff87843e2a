/**
 * Calls with a key are carried out once. A retry gets the first answer; one that comes while the first is under way waits
 * for it. Refused calls leave nothing: their retry is a new attempt.
 */
import type { Store } from '../../store/store.js';
import { authorise } from '../access/authorise.js';
import type { Call, RetryKey } from '../control.js';
import { type Attempt, findKept, fingerprintOf, keyReused, type MetNeed, settle } from './kept-answers.js';

type Method = (call: Call, ...rest: unknown[]) => unknown;
type Group = Readonly<Record<string, Method>>;

interface Running {
  readonly fingerprint: string;
  readonly ended: Promise<unknown>;
}

/** The same operations; calls without a key go straight to them. */
export function carryOutOnce<G extends Readonly<Record<string, object>>>(groups: G, store: Store): G {
  const running = new Map<string, Running>();

  async function once(call: Call, retryKey: RetryKey, attempt: Attempt, run: Method): Promise<unknown> {
    const id = JSON.stringify([attempt.principal, attempt.key]);
    for (let other = running.get(id); other; other = running.get(id)) {
      if (other.fingerprint !== attempt.fingerprint) throw keyReused(attempt.key);
      await other.ended;
    }
    const kept = findKept(store, attempt);
    if (kept) {
      if (kept.fingerprint !== attempt.fingerprint) throw keyReused(attempt.key);
      for (const { operation, ...need } of JSON.parse(kept.needs) as MetNeed[]) {
        authorise(call, operation, need);
      }
      retryKey.isReplayed = true;
      return JSON.parse(kept.answer);
    }
    let end = () => {};
    const ended = new Promise<void>((resolve) => {
      end = () => {
        running.delete(id);
        resolve();
      };
    });
    running.set(id, { fingerprint: attempt.fingerprint, ended });
    try {
      const answer = (await run({ ...call, attempt })) as object;
      // the caller need not wait; a store that fails now has kept the answer that the write expected
      settle(store, { ...call, attempt }, answer)
        .catch(() => undefined)
        .finally(end);
      return answer;
    } catch (error) {
      end();
      throw error;
    }
  }

  function onceEach(name: string, method: string, run: Method): Method {
    return (call, ...rest) => {
      const { retryKey } = call;
      if (!retryKey || rest.some(isPreview)) return run(call, ...rest);
      const attempt: Attempt = {
        principal: call.principal.name,
        key: retryKey.key,
        fingerprint: fingerprintOf([name, method, rest]),
        needs: [],
        kept: undefined,
      };
      return once(call, retryKey, attempt, (kept) => run(kept, ...rest));
    };
  }

  const wrapped = Object.entries(groups).map(([name, group]) => {
    const methods = Object.entries(group as Group);
    return [name, Object.fromEntries(methods.map(([method, run]) => [method, onceEach(name, method, run)]))];
  });
  return Object.fromEntries(wrapped) as G;
}

function isPreview(argument: unknown): boolean {
  return (argument as { validateOnly?: boolean } | null | undefined)?.validateOnly === true;
}
