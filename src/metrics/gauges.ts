import { Gauge } from 'prom-client';
import type { Reconciler } from '../reconcile/reconciler.js';
import type { Store } from '../store/store.js';
import type { Metrics } from './metrics.js';

/** What is read when somebody asks: the state of the director and of the store. */
export function addGauges(
  { registry }: Metrics,
  { reconciler, store, version }: { reconciler: Reconciler; store: Store; version: string },
): void {
  const { director, problems } = reconciler;
  const gauge = (name: string, help: string, value: () => number | null) =>
    new Gauge({
      name,
      help,
      labelNames: ['director'],
      registers: [registry],
      collect() {
        const now = value();
        if (now === null) this.remove(director.name);
        else this.set({ director: director.name }, now);
      },
    });

  gauge('lvsd_director_reachable', 'Whether the kernel answered the last time.', () =>
    Number(director.reachable),
  );
  gauge('lvsd_managed_entries', 'Kernel entries that lvsd owns.', () =>
    store.read((reader) => reader.entryCount()),
  );
  gauge('lvsd_foreign_entries', 'Kernel entries of others, at the last pass.', () => director.foreignEntries);
  gauge(
    'lvsd_unconverged_entries',
    'Owned entries that the kernel does not have as it should.',
    () => problems.size + director.settingProblems.size,
  );
  gauge('lvsd_last_reconciliation_timestamp_seconds', 'When the last pass began.', () =>
    director.lastReconciliation ? Date.parse(director.lastReconciliation.time) / 1000 : null,
  );
  gauge('lvsd_last_reconciliation_duration_seconds', 'How long the last pass took.', () =>
    director.lastReconciliation ? director.lastReconciliation.durationMs / 1000 : null,
  );
  new Gauge({
    name: 'lvsd_store_revision',
    help: 'Id of the newest audit event.',
    registers: [registry],
    collect() {
      this.set(store.read((reader) => reader.revision()));
    },
  });
  new Gauge({
    name: 'lvsd_build_info',
    help: 'Always 1; the labels say what runs.',
    labelNames: ['version', 'driver'],
    registers: [registry],
  }).set({ version, driver: director.driver }, 1);
}
