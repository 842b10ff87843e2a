/**
 * A full pass: compare the whole table with all owned entries, converge the frontends that differ as far as the drift policy
 * lets, write down what was found.
 */
import { differences } from '../domain/plan.js';
import type { Reconciliation } from '../domain/schema/director.js';
import { KernelUnavailableError } from '../driver/kernel-error.js';
import type { WriteContext } from '../store/store.js';
import { attempt, type KernelSide } from './apply-changes.js';
import { convergeAndRecord } from './converge-and-record.js';
import { directorPath } from './converge-settings.js';
import { markSynced } from './director-state.js';
import {
  type Allowance,
  countsAsDrift,
  createAllowance,
  everything,
  limitOf,
  type Permit,
  policyOf,
  requestedOnly,
} from './drift-policy.js';
import type { Depth } from './look.js';
import { passSettings } from './pass-settings.js';
import { type Survey, survey } from './survey.js';
import type { Turns } from './turns.js';

export type Trigger = Reconciliation['trigger'];

interface PassOptions {
  readonly trigger: Trigger;
  readonly depth: Depth;
  readonly context: WriteContext;
  /** Passes and writes take turns frontends by frontends. */
  readonly turns: Turns;
  readonly now: () => Date;
}

/** What a pass found and did. */
export interface Tally {
  /** Differences that nobody asked for. */
  drift: number;
  /** Those of them that were left. */
  left: number;
  operations: number;
  refused: number;
}

const FRONTENDS_PER_TURN = 100;

export async function pass(side: KernelSide, options: PassOptions): Promise<Reconciliation> {
  const { director, driver } = side;
  const time = options.now();
  const started = performance.now();
  const tally: Tally = { drift: 0, left: 0, operations: 0, refused: 0 };
  const wasSynced = director.synced;
  const outcome = await attempt(side, async () => {
    director.info = await driver.info();
    await compareAndConverge(side, { ...options, wasSynced, tally });
    await options.turns.run(() => passSettings(side, options, tally));
  });
  if (!(outcome instanceof KernelUnavailableError)) markSynced(director);
  const { left, ...counts } = tally;
  director.lastReconciliation = {
    time: time.toISOString(),
    trigger: options.trigger,
    durationMs: Math.round((performance.now() - started) * 1000) / 1000,
    ...counts,
    ...(outcome instanceof KernelUnavailableError
      ? { outcome: 'unavailable', detail: outcome.message }
      : { outcome: outcomeOf(tally, director.held), detail: director.held ?? leftDetail(left) }),
  };
  return director.lastReconciliation;
}

function outcomeOf({ refused, left, operations }: Tally, held: string | null): Reconciliation['outcome'] {
  if (held !== null) return 'held';
  if (refused > 0) return 'refused';
  if (left > 0) return 'reported';
  return operations > 0 ? 'repaired' : 'clean';
}

function leftDetail(left: number): string | null {
  return left === 0 ? null : `${left} differences are left as they are: the drift policy is to report them.`;
}

interface Comparing extends PassOptions {
  readonly wasSynced: boolean;
  readonly tally: Tally;
}

async function compareAndConverge(side: KernelSide, options: Comparing): Promise<void> {
  const { trigger, depth, context, turns, tally } = options;
  const surveyed = await survey(side, depth);
  const emptied = !options.wasSynced && surveyed.present === 0 && surveyed.drift > 0;
  const wasHeld = side.director.held !== null;
  const allowance = await allowanceOf(side, surveyed, {
    turns,
    isLimited: trigger !== 'request' && !emptied,
  });
  if (emptied) await recordEmptied(side, context, surveyed.suspects.size);
  for (const frontends of inChunks(surveyed.suspects)) {
    await turns.run(async () => {
      const permit = permitNow(side, trigger, allowance);
      await convergeAndRecord(side, { context, frontends, permit, tally, trigger, isTold: emptied });
      if (allowance.isSpent) side.director.held ??= heldDetail(side, surveyed);
    });
  }
  if (side.director.held !== null && !wasHeld) await recordHeld(side, context);
}

/** The policy may change between two turns. */
function permitNow(side: KernelSide, trigger: Trigger, allowance: Allowance): Permit {
  if (trigger === 'request') return everything;
  return policyOf(side).mode === 'report' ? requestedOnly(side) : allowance.permit;
}

/** A pass that would be over its limit, on a second look, has nothing to spend from the start. */
async function allowanceOf(
  side: KernelSide,
  surveyed: Survey,
  { turns, isLimited }: { turns: Turns; isLimited: boolean },
): Promise<Allowance> {
  const policy = policyOf(side);
  const limit = isLimited ? limitOf(policy, surveyed.ownedEntries) : Number.POSITIVE_INFINITY;
  const isOver =
    policy.mode === 'enforce' &&
    surveyed.drift > limit &&
    (await countDrift(side, surveyed.suspects, turns)) > limit;
  side.director.held = isOver ? heldDetail(side, surveyed) : null;
  return createAllowance(side, { limit, isSpent: isOver });
}

/** Read in turn with the writes. */
async function countDrift(side: KernelSide, suspects: ReadonlySet<string>, turns: Turns): Promise<number> {
  let count = 0;
  for (const frontends of inChunks(suspects)) {
    await turns.run(async () => {
      const actual = await side.driver.readServices(frontends);
      const entries = side.store.read((reader) =>
        [...frontends].flatMap((key) => reader.entriesOfFrontend(key)),
      );
      count += differences(entries, actual).filter((one) => countsAsDrift(side, one)).length;
    });
  }
  return count;
}

function inChunks(frontends: ReadonlySet<string>): ReadonlySet<string>[] {
  const keys = [...frontends];
  const count = Math.ceil(keys.length / FRONTENDS_PER_TURN);
  return Array.from(
    { length: count },
    (_, index) => new Set(keys.slice(index * FRONTENDS_PER_TURN, (index + 1) * FRONTENDS_PER_TURN)),
  );
}

function heldDetail(side: KernelSide, { ownedEntries, drift }: Survey): string {
  const { maxChangePercent, minChangeEntries } = policyOf(side);
  return (
    `About ${drift} of ${ownedEntries} entries are otherwise in the kernel than they should be. A pass by itself changes at ` +
    `most ${maxChangePercent} % or ${minChangeEntries} of them, so they are left until a reconciliation is requested.`
  );
}

async function recordHeld(side: KernelSide, context: WriteContext): Promise<void> {
  const { name, held } = side.director;
  await side.store.write(context, (tx) => {
    tx.record({ kind: 'drift', resource: directorPath(name), director: name, detail: held ?? '' });
  });
}

async function recordEmptied(side: KernelSide, context: WriteContext, frontends: number): Promise<void> {
  const { name } = side.director;
  const what = policyOf(side).mode === 'report' ? 'are missing' : 'are made again';
  await side.store.write(context, (tx) => {
    tx.record({
      kind: 'drift',
      resource: directorPath(name),
      director: name,
      detail: `The kernel held none of our entries (a new boot?): those of ${frontends} virtual services ${what}.`,
    });
  });
}
