import { type SettingDifference, settingDifferences } from '../../domain/director-plan.js';
import { isDirectorsOwn } from '../../domain/entry.js';
import { DomainError } from '../../domain/errors.js';
import { parseFilter } from '../../domain/filter.js';
import { frontendKey } from '../../domain/keys.js';
import { type Difference, differences, operationsFor } from '../../domain/plan.js';
import type { Director, Drift } from '../../domain/schema/director.js';
import { directorPath, directorSpec } from '../../reconcile/converge-settings.js';
import { entryPages } from '../../reconcile/entry-pages.js';
import type { Reconciler } from '../../reconcile/reconciler.js';
import type { OwnedEntry, Store } from '../../store/store.js';
import { authorise } from '../access/authorise.js';
import { createAdoptions } from '../adoption/adoptions.js';
import type { Directors } from '../control.js';
import { decodePageToken, pageOf, pageSizeOf } from '../page.js';
import { unanswered, writeContext } from '../write-context.js';
import { createCounterResets } from './counter-resets.js';
import { createDrainCuts } from './drain-cuts.js';
import { listDrains } from './drains.js';
import { frontendOfKey } from './frontends.js';
import { presentTable } from './kernel-table.js';
import { reaching } from './reaching.js';

interface Dependencies {
  readonly store: Store;
  readonly reconciler: Reconciler;
  readonly now: () => Date;
}

export function createDirectors({ store, reconciler, now }: Dependencies): Directors {
  const { director, driver } = reconciler;

  async function settingsDrift(): Promise<SettingDifference[]> {
    const wanted = store.read((reader) => directorSpec(reader, director.name));
    return settingDifferences(wanted, await reaching(driver.readDirector()));
  }

  const requireDirector = (name: string) => requireKnownDirector(director.name, name);

  return {
    async list(call, { pageSize, pageToken, filter = '' }) {
      authorise(call, 'listDirectors');
      const size = pageSizeOf(pageSize);
      const query = ['directors', filter];
      const after = decodePageToken(query, pageToken) ?? '';
      const matches = filter ? parseFilter(filter) : () => true;
      const found = [presentDirector(reconciler, store)].filter(
        ({ name }) => name > after && matches({ path: `directors/${name}`, labels: {}, spec: {} }),
      );
      return pageOf(found, { size, query, position: ({ name }) => name, present: (one) => one });
    },

    async get(call, name) {
      authorise(call, 'getDirector');
      requireDirector(name);
      return presentDirector(reconciler, store);
    },

    async table(call, name, options) {
      authorise(call, 'getTable');
      requireDirector(name);
      const { frontend } = options;
      const read = { stats: true };
      const table = await reaching(
        frontend === undefined
          ? driver.read(read)
          : driver.readServices([frontendKey(frontendOfKey(frontend, 'frontend'))], read),
      );
      const readTime = now().toISOString();
      return { director: name, readTime, ...(await presentTable(store, table, options)) };
    },

    async drift(call, name) {
      authorise(call, 'getDrift');
      requireDirector(name);
      const actual = await reaching(driver.read());
      const readTime = now().toISOString();
      const foreign = new Set([...actual.values()].filter(isDirectorsOwn).map(({ key }) => key));
      const found: Difference<OwnedEntry>[] = [];
      for await (const page of entryPages(store)) {
        found.push(...differences(page, actual));
        for (const { key } of page) foreign.delete(key);
      }
      const settings = await settingsDrift();
      const operations = [...operationsFor(found), ...settings.flatMap((one) => one.operations)];
      return {
        director: name,
        readTime,
        differences: [...found.map(presentDifference), ...settings.map((one) => presentSetting(name, one))],
        foreign: [...foreign],
        operations: operations.map(unanswered),
      };
    },

    async drains(call, name, query) {
      authorise(call, 'listDrains');
      requireDirector(name);
      return listDrains({ store, reconciler, now }, query);
    },

    cutDrain: createDrainCuts({ store, reconciler }),

    async reconcile(call, name) {
      authorise(call, 'createReconciliation');
      requireDirector(name);
      return reconciler.reconcile(writeContext(call, 'createReconciliation'));
    },

    adopt: createAdoptions({ store, reconciler, now }),

    resetCounters: createCounterResets({ store, reconciler, now }),
  };
}

/** Rejects DIRECTOR_NOT_FOUND unless the name is that of the one director that is `known`. */
export function requireKnownDirector(known: string, name: string): void {
  if (name === known) return;
  throw new DomainError('DIRECTOR_NOT_FOUND', `There is no director "${name}"; there is "${known}".`, {
    metadata: { director: name },
  });
}

function presentDirector({ director, intervalSeconds, problems }: Reconciler, store: Store): Director {
  const { name, driver, driverReason, reachable, info, lastReconciliation, foreignEntries } = director;
  const capabilities = info?.capabilities;
  return {
    name,
    driver,
    driverReason,
    reachable,
    kernelRelease: info?.kernelRelease ?? null,
    ipvsVersion: info?.ipvsVersion ?? null,
    connectionTableSize: info?.connectionTableSize ?? null,
    capabilities: capabilities
      ? {
          ...capabilities,
          schedulers: capabilities.schedulers && [...capabilities.schedulers],
          persistenceEngines: capabilities.persistenceEngines && [...capabilities.persistenceEngines],
          tunnelTypes: [...capabilities.tunnelTypes],
        }
      : null,
    intervalSeconds,
    lastReconciliation,
    managedEntries: store.read((reader) => reader.entryCount()),
    foreignEntries,
    driftCount: lastReconciliation ? problems.size : null,
  };
}

/** Settings are the director's own. */
function presentSetting(
  director: string,
  { key, desired, actual }: SettingDifference,
): Drift['differences'][number] {
  return {
    type: actual === null ? 'missing' : desired === null ? 'unwanted' : 'different',
    key,
    resource: directorPath(director),
    desired: desired && { ...desired },
    actual: actual && { ...actual },
  };
}

function presentDifference({ type, desired, actual }: Difference<OwnedEntry>): Drift['differences'][number] {
  return {
    type,
    key: desired.key,
    resource: desired.path,
    desired: desired.state !== 'removing' ? { ...desired.config } : null,
    actual: actual && { ...actual.config },
  };
}
