/** What a write with a key of its caller was answered is kept by the write itself: "applied" and "remembered" cannot part. */
import { createHash } from 'node:crypto';
import { DomainError } from '../../domain/errors.js';
import { type Slices, slicesOf } from '../../domain/slices.js';
import type { AnswerKey, KeptAnswer, Store, Transaction } from '../../store/store.js';
import type { Call } from '../control.js';
import { OPERATIONS, type OperationName, type Role } from '../operations.js';

/** What a call was allowed by: one `authorise`. */
export interface MetNeed {
  readonly operation: OperationName;
  readonly project?: string;
  readonly known?: string;
  readonly role?: Role;
}

/** A call with a key, under way. */
export interface Attempt extends AnswerKey {
  readonly fingerprint: string;
  /** Those that it has met so far. */
  readonly needs: MetNeed[];
  /** The answer as it was last kept. */
  kept: string | undefined;
}

/** How long an answer is kept. */
export const KEPT_MS = 24 * 60 * 60 * 1000;

/** With every answer that comes, so many of the expired may go: the table shrinks, and no write waits for long. */
const PRUNED_AT_ONCE = 8;

export function fingerprintOf(call: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(call, inOrder)).digest('base64url');
}

/** Clients may send the members of an object in any order. */
function inOrder(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** The change, which also keeps what its caller will be answered once the kernel has it. */
export function keeping<A extends unknown[], T>(
  call: Call,
  change: (tx: Transaction, ...rest: A) => T | Slices<T>,
  answerOf: (tx: Transaction, value: T) => object,
): (tx: Transaction, ...rest: A) => T | Slices<T> {
  if (!call.attempt) return change;
  return function* (tx, ...rest) {
    const value = yield* slicesOf(change(tx, ...rest));
    keepAnswer(call, tx, answerOf(tx, value));
    return value;
  };
}

/** Nothing for a call without a key. */
export function keepAnswer({ attempt }: Call, tx: Transaction, answer: object): void {
  if (attempt) keep(tx, attempt, answer);
}

function keep(tx: Transaction, attempt: Attempt, answer: object): void {
  const { principal, key, fingerprint, needs } = attempt;
  attempt.kept = answerText(attempt, answer);
  tx.putAnswer({ principal, key, fingerprint, needs: JSON.stringify(needs), answer: attempt.kept });
  tx.pruneAnswers(expiryAt(Date.now()), PRUNED_AT_ONCE);
}

/** Keeps the answer as it was given, where that is not what the write expected. */
export async function settle(store: Store, call: Call & { attempt: Attempt }, answer: object): Promise<void> {
  const { attempt, principal, transport, sourceAddress, requestId, reason } = call;
  if (answerText(attempt, answer) === attempt.kept) return;
  const actor = { principal: principal.name, credentialId: principal.credentialId, roles: [] };
  const context = { actor, transport, sourceAddress, requestId, reason, action: operationOf(attempt) };
  await store.write(context, (tx) => keep(tx, attempt, answer));
}

function operationOf({ needs }: Attempt): OperationName {
  const [first] = needs;
  if (!first) throw new Error('a call was answered that nothing allowed');
  return first.operation;
}

/** A secret is told once, and kept nowhere. */
function answerText(attempt: Attempt, answer: object): string {
  const entry = OPERATIONS[operationOf(attempt)];
  if (!('secretAnswer' in entry)) return JSON.stringify(answer);
  return JSON.stringify(answer, (name, value) => (name === 'secret' ? undefined : value));
}

export function findKept(store: Store, attempt: Attempt): KeptAnswer | undefined {
  return store.read((reader) => reader.answer(attempt, expiryAt(Date.now())));
}

function expiryAt(milliseconds: number): string {
  return new Date(milliseconds - KEPT_MS).toISOString();
}

export function keyReused(key: string): DomainError {
  return new DomainError(
    'IDEMPOTENCY_KEY_REUSED',
    `The key ${key} belongs to another call, made less than 24 hours ago: send exactly the same call to get its answer again, ` +
      'and a new key with every other call.',
    { metadata: { key } },
  );
}
