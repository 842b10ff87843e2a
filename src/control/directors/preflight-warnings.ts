/** What the last preflight of each cluster found, for its status: never waited for, looked at anew when it is old. */
import type { Preflight } from '../../domain/schema/preflight.js';

export interface Warning {
  readonly reason: string;
  readonly detail: string;
}

interface Dependencies {
  /** Undefined: there is no such cluster any more. */
  readonly run: (clusterPath: string) => Promise<Preflight | undefined>;
  readonly now: () => Date;
}

interface Known {
  readonly time: number;
  readonly warnings: readonly Warning[];
}

const FRESH_MS = 30_000;

/** Empty until a cluster has been looked at once. Looks follow one another, whatever number of clusters is asked for. */
export function createPreflightWarnings({
  run,
  now,
}: Dependencies): (clusterPath: string) => readonly Warning[] {
  const known = new Map<string, Known>();
  const waiting = new Set<string>();
  let isLooking = false;

  async function look(): Promise<void> {
    if (isLooking) return;
    isLooking = true;
    for (const path of waiting) {
      waiting.delete(path);
      // What cannot be looked at now is told by the preflight itself, to whoever asks for it.
      const preflight = await run(path).catch(() => undefined);
      if (preflight) known.set(path, { time: now().getTime(), warnings: warningsOf(preflight) });
      else known.delete(path);
    }
    isLooking = false;
  }

  return (path) => {
    const last = known.get(path);
    if (!last || now().getTime() - last.time > FRESH_MS) {
      waiting.add(path);
      void look();
    }
    return last?.warnings ?? [];
  };
}

/** Without what there is on the host: whoever may see the cluster sees its status. */
function warningsOf({ findings }: Preflight): Warning[] {
  return findings
    .filter(({ severity }) => severity !== 'info')
    .map(({ id, why, subject: { address } }) => ({
      reason: id,
      detail: `${address === null ? '' : `${address}: `}${why} The preflight of the cluster says what to do.`,
    }));
}
