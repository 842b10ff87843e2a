/**
 * Ports through which nothing can be changed, for a server that is read-only. Previews still answer. Only the callers'
 * ways are closed: passes, drains and the audit log have ports of their own.
 */
import { DomainError } from '../../domain/errors.js';
import type { Reconciler } from '../../reconcile/reconciler.js';
import type { Store } from '../../store/store.js';

export function readOnlyStore(store: Store): Store {
  return {
    ...store,
    write: (context, change, options) => (options?.dryRun ? store.write(context, change, options) : refuse()),
  };
}

export function readOnlyReconciler(reconciler: Reconciler): Reconciler {
  return {
    ...reconciler,
    write: refuse,
    writeSettings: refuse,
    writePolicy: refuse,
    adopt: refuse,
    reconcile: refuse,
    driver: { ...reconciler.driver, apply: refuse, applyDirector: refuse },
  };
}

async function refuse(): Promise<never> {
  throw new DomainError(
    'READ_ONLY',
    'This server was started read-only: previews (validateOnly) and reads work, changes wait until it is started without ' +
      'LVSD_READ_ONLY.',
  );
}
