import { parentPath } from '../domain/names.js';
import type { State } from '../domain/schema/resource.js';

/** Why an owned entry is not in the kernel as it should be. An entry without a problem is. */
export interface Problem {
  readonly key: string;
  /** The resource whose entry it is. */
  readonly path: string;
  readonly state: Exclude<State, 'applied'>;
  /** Stable code: a reason of the error table. */
  readonly reason: string;
  readonly detail: string;
  /** The resource's revision that the kernel last took; 0: none. */
  readonly observedRevision: number;
}

export interface Problems {
  readonly size: number;
  get(key: string): Problem | undefined;
  set(problem: Problem): void;
  delete(key: string): void;
  keys(): IterableIterator<string>;
  /** The worst problem of the resource at this path or of anything below it. */
  worst(path: string): Problem | undefined;
  /** Whether another pass may solve one of them: drift that is left as it is stays. */
  areWorthRetrying(): boolean;
}

/** Problems are few, or all at once (the kernel is away): the index by path is built when first asked for. */
export function createProblems(): Problems {
  const byKey = new Map<string, Problem>();
  let worstByPath: Map<string, Problem> | undefined;

  return {
    get size() {
      return byKey.size;
    },
    get: (key) => byKey.get(key),
    set(problem) {
      byKey.set(problem.key, problem);
      worstByPath = undefined;
    },
    delete(key) {
      if (byKey.delete(key)) worstByPath = undefined;
    },
    keys: () => byKey.keys(),
    worst(path) {
      if (byKey.size === 0) return undefined;
      worstByPath ??= indexWorst(byKey.values());
      return worstByPath.get(path);
    },
    areWorthRetrying() {
      for (const { state } of byKey.values()) if (state !== 'drifted') return true;
      return false;
    },
  };
}

const BADNESS = { drifted: 0, pending: 1, refused: 2 } as const satisfies Record<Problem['state'], number>;

function indexWorst(problems: Iterable<Problem>): Map<string, Problem> {
  const worst = new Map<string, Problem>();
  for (const problem of problems) {
    for (let path = problem.path; path !== ''; path = parentPath(path)) {
      const other = worst.get(path);
      if (!other || BADNESS[other.state] <= BADNESS[problem.state]) worst.set(path, problem);
    }
  }
  return worst;
}
