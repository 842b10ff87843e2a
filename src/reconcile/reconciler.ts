/** Keeps one director's kernel equal to the definition: writes as they come, and passes over the whole table. */
import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { frontendKeyOf } from '../domain/keys.js';
import type { Reconciliation } from '../domain/schema/director.js';
import type { DirectorDriver } from '../driver/director-driver.js';
import type { OwnedEntry, Store, Transaction, WriteContext } from '../store/store.js';
import { type AdoptionPath, createAdoptionPath } from './adoption-path.js';
import type { KernelSide } from './apply-changes.js';
import { directorSpec } from './converge-settings.js';
import { createDepths } from './depth.js';
import { createSettingsPath, type SettingsPath } from './director-settings.js';
import { createDirectorState, type DirectorState } from './director-state.js';
import { createDrainer } from './drainer.js';
import { createExpectedOutline } from './expected-outline.js';
import { notePending } from './note-convergence.js';
import { createOwed } from './owed.js';
import { pass, type Trigger } from './pass.js';
import { createProblems, type Problems } from './problems.js';
import { createRunner } from './runner.js';
import { createTurns } from './turns.js';
import { createWritePath, type WritePath, type Written } from './write-path.js';

export interface Reconciler extends WritePath, SettingsPath, AdoptionPath {
  readonly director: DirectorState;
  readonly driver: DirectorDriver;
  readonly problems: Problems;
  readonly intervalSeconds: number;
  /** The first pass; resolves when it is over, however it went. Later passes follow by themselves. */
  start(): Promise<void>;
  /** Stores a change of the drift policy, after which no pass follows another; a pass under it is asked for. */
  writePolicy(context: WriteContext, change: (tx: Transaction) => void): Promise<void>;
  /** A pass now, on somebody's behalf; after one that is under way. */
  reconcile(context: WriteContext): Promise<Reconciliation>;
  /** Resolves when nothing of it touches store or kernel any more. The kernel's table stays. */
  stop(): Promise<void>;
}

interface ReconcilerOptions {
  readonly name: string;
  readonly driver: DirectorDriver;
  readonly driverReason: string;
  readonly driverKind: DirectorState['driver'];
  readonly store: Store;
  readonly logger: Logger;
  readonly intervalSeconds: number;
  readonly now: () => Date;
  /** Told of every pass. */
  readonly onReconciliation?: (director: string, done: Reconciliation) => void;
}

const MIN_INTERVAL_MS = 1000;
const RETRY_INTERVAL_MS = 1000;
const DRAIN_INTERVAL_MS = 1000;

const LOG_LEVELS = {
  clean: 'debug',
  repaired: 'info',
  reported: 'warn',
  held: 'error',
  refused: 'error',
  unavailable: 'warn',
} as const satisfies Record<Reconciliation['outcome'], string>;

export function createReconciler(options: ReconcilerOptions): Reconciler {
  const { name, driver, driverReason, driverKind, store, logger, intervalSeconds, now } = options;
  const director = createDirectorState({ name, driver: driverKind, driverReason });
  const { mode } = store.read((reader) => directorSpec(reader, name).driftPolicy);
  const owed = createOwed(store, { isRecovering: mode === 'enforce' });
  const expected = createExpectedOutline(store);
  const side: KernelSide = { driver, store, problems: createProblems(), director, owed, expected };
  const depths = createDepths({ intervalMs: intervalSeconds * 1000, now: () => performance.now() });
  const writes = createTurns();
  const passes = createTurns();

  const runner = createRunner({
    run: (cause) => passAs(cause === 'interval' ? 'interval' : 'retry', systemContext('reconcile')),
    maxIntervalMs: intervalSeconds * 1000,
    minIntervalMs: MIN_INTERVAL_MS,
    retryIntervalMs: RETRY_INTERVAL_MS,
  });

  const path = createWritePath(side, { turns: writes, requestPass: () => runner.trigger() });
  const drainer = createDrainer({ side, path, now });
  const drains = createRunner({
    run: () => endDrains(systemContext('drain')),
    maxIntervalMs: DRAIN_INTERVAL_MS,
    minIntervalMs: DRAIN_INTERVAL_MS,
    retryIntervalMs: DRAIN_INTERVAL_MS,
  });

  /** Whether all that can end has ended. */
  async function endDrains(context: WriteContext, frontendKeys?: ReadonlySet<string>): Promise<boolean> {
    const { synced } = director;
    try {
      const done = await drainer.check(context, frontendKeys);
      if (synced && !director.synced) runner.trigger();
      return done;
    } catch (error) {
      logger.error({ err: error, director: name }, 'drains could not be checked');
      return false;
    }
  }

  /** What has no connections need not wait for the next check. */
  async function endDrainsOf<T>(written: Written<T>, { requestId }: WriteContext): Promise<Written<T>> {
    const begun: OwnedEntry[] = [];
    for (const { after } of written.entryChanges) if (after?.state === 'draining') begun.push(after);
    if (begun.length === 0 || written.pending) return written;
    const frontendKeys = new Set(begun.map(({ key }) => frontendKeyOf(key)));
    const done = await endDrains({ ...systemContext('drain'), requestId }, frontendKeys);
    if (!done && !director.reachable)
      notePending(side.problems, begun, director.unreachableReason ?? 'no answer');
    return { ...written, pending: !done };
  }

  async function passNow(trigger: Trigger, context: WriteContext): Promise<Reconciliation> {
    const done = await passes.run(() => {
      const depth = depths.next({ trigger, isSynced: director.synced });
      return pass(side, { trigger, depth, context, turns: writes, now });
    });
    report(done);
    if (done.outcome !== 'unavailable') {
      await endDrains({ ...systemContext('drain'), requestId: context.requestId });
    }
    return done;
  }

  async function passAs(trigger: Trigger, context: WriteContext): Promise<boolean> {
    try {
      const { outcome } = await passNow(trigger, context);
      return outcome !== 'unavailable' && !isWorthRetrying();
    } catch (error) {
      logger.error({ err: error, director: name }, 'a reconciliation failed by a defect or a store fault');
      return false;
    }
  }

  function isWorthRetrying(): boolean {
    const settings = [...director.settingProblems.values()];
    return side.problems.areWorthRetrying() || settings.some(({ state }) => state !== 'drifted');
  }

  function report(done: Reconciliation): void {
    options.onReconciliation?.(name, done);
    logger[LOG_LEVELS[done.outcome]]({ director: name, ...done }, `reconciliation: ${done.outcome}`);
  }

  return {
    preview: path.preview,
    write: async (job) => endDrainsOf(await path.write(job), job.context),
    ...createAdoptionPath(side, { turns: writes }),
    ...createSettingsPath(side, { turns: writes, requestPass: () => runner.trigger() }),
    director,
    driver,
    problems: side.problems,
    intervalSeconds,
    async start() {
      await passAs('start', systemContext('reconcile'));
      runner.start();
      drains.start();
      if (!director.synced) runner.trigger();
    },
    async writePolicy(context, change) {
      await writes.run(() => store.write(context, change));
      runner.trigger();
    },
    async reconcile(context) {
      const done = await passNow('request', context);
      if (done.outcome === 'unavailable') runner.trigger();
      return done;
    },
    async stop() {
      await runner.stop();
      await drains.stop();
      await passes.run(async () => undefined);
      await writes.run(async () => undefined);
    },
  };
}

/** What lvsd does by itself. */
function systemContext(action: string): WriteContext {
  return {
    actor: { principal: 'system', credentialId: null, roles: [] },
    transport: 'system',
    sourceAddress: null,
    requestId: randomUUID(),
    reason: null,
    action,
  };
}
