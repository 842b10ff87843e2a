/**
 * -R: one command a line. Lines that belong to the cluster are collected and become one PUT of its definition; what the
 * server refuses is halved until it is clear which line it was, so that the outcome is that of the lines one by one.
 */
import type { Definition } from '../../domain/schema/definition.js';
import type { CommandLine } from '../../formats/ipvsadm/line.js';
import { ApiError } from '../api-client.js';
import { EXIT_REFUSED } from './answer.js';
import { createBatch } from './definition-batch.js';
import { kernelTable } from './find.js';
import { refusalOf } from './problems.js';
import { pending, type Session } from './session.js';

export interface Restore {
  /** Takes the line over; false: it must be run by itself, when `flush` is done. */
  add(line: CommandLine): Promise<boolean>;
  /** Resolves when everything taken over is done; to the exit status of its last line. */
  flush(): Promise<number>;
}

export interface Single {
  /** Runs one line by itself; resolves to its exit status. */
  run(line: CommandLine): Promise<number>;
}

interface Loaded {
  readonly batch: ReturnType<typeof createBatch>;
  readonly precondition: Readonly<Record<string, string>>;
}

export function createRestore(session: Session, single: Single): Restore {
  const path = `${session.cluster}/definition`;
  let loaded: Loaded | undefined;
  let lines: CommandLine[] = [];

  async function load(): Promise<Loaded> {
    const elsewhere = await keysElsewhere(session);
    try {
      const { body, etag } = await session.call<Definition>('GET', path);
      return { batch: createBatch(body, elsewhere), precondition: { 'if-match': etag ?? '*' } };
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.reason !== 'CLUSTER_NOT_FOUND') throw refusalOf(error);
      return { batch: createBatch(undefined, elsewhere), precondition: { 'if-none-match': '*' } };
    }
  }

  async function send({ batch, precondition }: Loaded): Promise<void> {
    const { status } = await session.call('PUT', `${path}?drain=false`, {
      body: batch.draft,
      headers: precondition,
    });
    if (status === 202) throw pending();
  }

  /** The lines on the definition as it is now; the first that cannot be played there ends them. */
  async function replay(some: readonly CommandLine[]): Promise<number> {
    const [first] = some;
    if (!first) return 0;
    if (some.length === 1) return single.run(first);
    const now = await load();
    if (some.every((line) => now.batch.play(line)) && (await isSent(now))) return 0;
    const middle = Math.ceil(some.length / 2);
    await replay(some.slice(0, middle));
    return replay(some.slice(middle));
  }

  async function isSent(now: Loaded): Promise<boolean> {
    try {
      await send(now);
      return true;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const refusal = refusalOf(error);
      if (refusal.status !== EXIT_REFUSED) throw refusal;
      return false;
    }
  }

  return {
    async add(line) {
      loaded ??= await load();
      const isPlayed = loaded.batch.play(line);
      if (isPlayed) lines.push(line);
      return isPlayed;
    },
    async flush() {
      const [now, some] = [loaded, lines];
      loaded = undefined;
      lines = [];
      if (!now || some.length === 0) return 0;
      return (await isSent(now)) ? 0 : replay(some);
    },
  };
}

/** What the kernel has and the cluster has not, as far as the caller may see it. */
async function keysElsewhere(session: Session): Promise<Set<string>> {
  const table = await kernelTable(session);
  const inside = `${session.cluster.replace(/^\/v1\//, '')}/`;
  const entries = (table?.services ?? []).flatMap((service) => [service, ...service.destinations]);
  return new Set(entries.filter(({ resource }) => !resource?.startsWith(inside)).map(({ key }) => key));
}

/** As ipvsadm splits its input: words between blanks; the name of the program may stand in front. */
export function restoreLines(text: string): string[][] {
  return text
    .split('\n')
    .map((line) => line.split(/[\s\0]+/).filter((word) => word !== ''))
    .map(([first = '', ...words]) => (/^(.*\/)?(ipvsadm|lvsadm)$/.test(first) ? words : [first, ...words]))
    .filter((words) => words.some((word) => word !== ''));
}
