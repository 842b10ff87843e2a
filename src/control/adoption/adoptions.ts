/** Adoption: entries that somebody else made become resources, and the kernel is told nothing. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { ipvsTableOf } from '../../domain/entry.js';
import { type Violation, violationError } from '../../domain/errors.js';
import { frontendKeyOf } from '../../domain/keys.js';
import { nameOf, parentPath, pathOf } from '../../domain/names.js';
import { type Adoption, AdoptionInput } from '../../domain/schema/adoption.js';
import type { ClusterSpec } from '../../domain/schema/cluster.js';
import type { Definition } from '../../domain/schema/definition.js';
import type { Slices } from '../../domain/slices.js';
import type { Table } from '../../domain/table.js';
import { createValidator } from '../../domain/validate.js';
import { directorPath } from '../../reconcile/converge-settings.js';
import type { Reconciler } from '../../reconcile/reconciler.js';
import type { Store, StoredResource, Transaction } from '../../store/store.js';
import { authorise } from '../access/authorise.js';
import type { Directors } from '../control.js';
import { documentOf } from '../definitions/definition-document.js';
import { requireAncestors } from '../definitions/resources.js';
import { requireKnownDirector } from '../directors/directors.js';
import { reaching } from '../directors/reaching.js';
import { syncEntries } from '../entries/entries.js';
import { leavingNow } from '../entries/leaving.js';
import { keeping } from '../retries/kept-answers.js';
import { previewOf, writeContext } from '../write-context.js';
import { type AdoptionPlan, planAdoption } from './adoption-plan.js';
import { findAdoptable } from './adoption-search.js';
import { readSelection, type Selection } from './adoption-selection.js';

interface Dependencies {
  readonly store: Store;
  readonly reconciler: Reconciler;
  readonly now: () => Date;
}

interface Adopted {
  readonly adoption: Adoption;
  /** Null when nothing is added. */
  readonly definition: Definition | null;
}

const ENTRIES_PER_SLICE = 1000;

export function createAdoptions({ store, reconciler, now }: Dependencies): Directors['adopt'] {
  const { director, driver } = reconciler;
  const validate = createValidator(AdoptionInput);

  /** The services that the selection is about; of those not named, these with anything foreign. */
  async function frontendsOf(selection: Selection): Promise<Set<string>> {
    if (selection.keys) return new Set(selection.keys.map(frontendKeyOf));
    const frontends = new Set<string>();
    let count = 0;
    for (const entry of ipvsTableOf(await reaching(driver.read())).values()) {
      const isForeign = selection.has(entry) && !store.read((reader) => reader.entry(entry.key));
      if (isForeign) frontends.add(frontendKeyOf(entry.key));
      count += 1;
      if (count % ENTRIES_PER_SLICE === 0) await nextTurn();
    }
    return frontends;
  }

  /** All of it or, when one of the entries cannot be put, nothing. */
  function* put(tx: Transaction, { resources }: AdoptionPlan): Slices<void> {
    for (const resource of resources) {
      tx.put(resource);
      yield;
    }
    for (const path of rootsOf(resources)) {
      yield* syncEntries(tx, {
        scope: path,
        // the kernel has them: it can do what they need
        capabilities: null,
        leaving: leavingNow(tx, reconciler, { drain: true, now: now() }),
        pointerTo: () => '/select',
      });
    }
  }

  return async (call, name, body, { validateOnly = false }) => {
    authorise(call, 'createAdoption');
    requireKnownDirector(director.name, name);
    const input = validate(body);
    const { project = 'default', cluster, labels = {}, description = '', select } = input;
    const selection = readSelection(select);
    const path = pathOf({ project, cluster });
    function* change(tx: Transaction, table: Table): Slices<Adopted> {
      requireAncestors(tx, pathOf({ project }));
      checkAgreement(tx.resource(path), input);
      const { services, leftOut } = findAdoptable({ reader: tx, table, cluster: path, selection });
      const plan = planAdoption(tx, services, { path, labels, description });
      const { adopted } = plan;
      const adoption: Adoption = { director: name, project, cluster, adopted, leftOut: [...leftOut] };
      if (adopted.length === 0) return { adoption, definition: null };
      yield* put(tx, plan);
      return { adoption, definition: yield* documentOf([...plan.parents, ...plan.resources]) };
    }

    const job = {
      context: writeContext(call, 'createAdoption'),
      frontends: await frontendsOf(selection),
      change: keeping(call, change, (_, { adoption }: Adopted) => ({ adoption })),
      confirm(tx: Transaction, { adoption: { adopted, leftOut } }: Adopted): void {
        tx.record({
          kind: 'apply',
          resource: directorPath(name),
          director: name,
          after: { project, cluster, select, adopted: adopted.length, leftOut: leftOut.length },
          operations: [],
          detail: `${adopted.length} entries were adopted into ${path}, ${leftOut.length} left out. The kernel was told nothing.`,
        });
      },
    };
    if (!validateOnly) return { adoption: (await reaching(reconciler.adopt(job))).value.adoption };
    const previewed = await reaching(reconciler.previewAdoption(job));
    return { ...previewed.value, preview: previewOf({ ...previewed, operations: [] }) };
  };
}

/** Labels and description are for a cluster that is made; one that is there may have them already. */
function checkAgreement(cluster: StoredResource | undefined, { labels, description }: AdoptionInput): void {
  if (!cluster) return;
  const disagreeing = [
    labels !== undefined && !isDeepStrictEqual(labels, cluster.labels) && 'labels',
    description !== undefined && description !== (cluster.spec as ClusterSpec).description && 'description',
  ].filter((field) => field !== false);
  const violations = disagreeing.map((field): Violation => {
    const detail = `Cluster ${nameOf(cluster.path)} is there, with other ${field}: leave ${field} out, or change it with PATCH.`;
    return { reason: 'FIELD_INVALID', pointer: `/${field}`, detail };
  });
  if (violations.length > 0) throw violationError(violations as [Violation, ...Violation[]]);
}

/** The highest resources that have entries. */
function rootsOf(resources: AdoptionPlan['resources']): string[] {
  const paths = new Set(resources.map(({ path }) => path));
  return resources
    .filter(
      ({ kind, path }) =>
        kind === 'virtualService' || (kind === 'realServer' && !paths.has(parentPath(path))),
    )
    .map(({ path }) => path);
}
