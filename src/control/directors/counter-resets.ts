/** Zeroing the kernel's counters: of one virtual service with its real servers, or of all. */
import { ALL_COUNTERS_KEY, type DirectorOperation } from '../../domain/director-operation.js';
import { DomainError, type Violation, violationError } from '../../domain/errors.js';
import { type Frontend, frontendKey } from '../../domain/keys.js';
import { type CounterReset, CounterResetInput } from '../../domain/schema/counter-reset.js';
import { createValidator } from '../../domain/validate.js';
import { directorPath } from '../../reconcile/converge-settings.js';
import type { Reconciler } from '../../reconcile/reconciler.js';
import { recordApplied } from '../../reconcile/record.js';
import type { Store } from '../../store/store.js';
import { authorise } from '../access/authorise.js';
import type { Directors } from '../control.js';
import { keeping } from '../retries/kept-answers.js';
import { writeContext } from '../write-context.js';
import { requireKnownDirector } from './directors.js';
import { frontendOfKey, frontendOfResource } from './frontends.js';
import { reaching } from './reaching.js';

interface Dependencies {
  readonly store: Store;
  readonly reconciler: Reconciler;
  readonly now: () => Date;
}

interface Target {
  readonly frontend: Frontend | null;
  /** Under which the audit event is found. */
  readonly resource: string;
}

export function createCounterResets({ store, reconciler, now }: Dependencies): Directors['resetCounters'] {
  const { director, driver } = reconciler;
  const validate = createValidator(CounterResetInput);

  function targetOf({ key, resource }: CounterResetInput): Target {
    if (key && resource) throw invalid('/resource', 'resource and key are given: choose one of them.');
    if (resource) return { frontend: frontendOfResource(store, resource), resource };
    if (!key) return { frontend: null, resource: directorPath(director.name) };
    const owner = store.read((reader) => reader.entry(key)?.path);
    // The kernel counts and zeroes by service: a real server's key will not do.
    return { frontend: frontendOfKey(key, 'key'), resource: owner ?? directorPath(director.name) };
  }

  return async (call, name, body) => {
    authorise(call, 'createCounterReset');
    requireKnownDirector(director.name, name);
    const { frontend, resource } = targetOf(validate(body ?? {}));
    const key = frontend ? frontendKey(frontend) : ALL_COUNTERS_KEY;
    const operation: DirectorOperation = { command: 'ZERO', key, frontend };
    const started = process.hrtime.bigint();
    const results = await reaching(driver.applyDirector([operation]));
    const durationMicros = Number((process.hrtime.bigint() - started) / 1000n);
    if (results[0]?.error) {
      throw new DomainError(
        'KERNEL_ENTRY_NOT_FOUND',
        `The kernel has no ${key}: see the table for what it has.`,
        {
          metadata: { director: name, key },
        },
      );
    }
    const reset: CounterReset = { director: name, time: now().toISOString(), key: frontend && key };
    const record = keeping(
      call,
      (tx) => recordApplied(tx, { director: name, resource, results, durationMicros }),
      () => reset,
    );
    await store.write(writeContext(call, 'createCounterReset'), record);
    return reset;
  };
}

function invalid(pointer: string, detail: string): DomainError {
  const violation: Violation = { reason: 'FIELD_INVALID', pointer, detail };
  return violationError([violation]);
}
