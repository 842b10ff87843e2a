import { isDeepStrictEqual } from 'node:util';
import type { DefinitionKind, StandardKind } from '../../domain/names.js';
import type { Slices } from '../../domain/slices.js';
import type { Reconciler } from '../../reconcile/reconciler.js';
import type { StoredResource, Transaction } from '../../store/store.js';
import type { WriteOptions } from '../control.js';
import { syncEntries } from '../entries/entries.js';
import { leavingNow } from '../entries/leaving.js';

interface Surroundings {
  readonly reconciler: Reconciler;
  readonly options: WriteOptions;
  readonly now: Date;
}

/** Stores one resource and derives its entries, if it is of a definition. Everything is checked against the transaction's own state. */
export function* putResource(
  tx: Transaction,
  { kind, path, labels, spec }: Pick<StoredResource, 'kind' | 'path' | 'labels' | 'spec'>,
  { reconciler, options, now }: Surroundings,
): Slices<void> {
  const before = tx.resource(path);
  tx.put({ kind, path, labels, spec });
  if (!isOfDefinition(kind as StandardKind)) return;
  yield* syncEntries(tx, {
    scope: path,
    shallow: before !== undefined && !affectsChildren(before, { kind, spec }),
    capabilities: reconciler.director.info?.capabilities ?? null,
    leaving: leavingNow(tx, reconciler, { drain: options.drain, now }),
    pointerTo: () => '/spec',
  });
}

/** What entries below a resource take over from its spec: forwarding, port and frontend, and whether VIPs are bound. */
const INHERITED: Readonly<Record<DefinitionKind, readonly string[]>> = {
  cluster: ['forwarding', 'vip'],
  virtualService: ['forwarding', 'protocol', 'address', 'port', 'fwmark', 'family'],
  realServer: [],
};

function isOfDefinition(kind: StandardKind): kind is DefinitionKind {
  return kind !== 'project';
}

/** Whether what is below a resource needs other entries once its spec is another. */
export function affectsChildren(
  before: Pick<StoredResource, 'spec'>,
  { kind, spec }: Pick<StoredResource, 'kind' | 'spec'>,
): boolean {
  const [a, b] = [before.spec as Record<string, unknown>, spec as Record<string, unknown>];
  return INHERITED[kind as DefinitionKind].some((field) => !isDeepStrictEqual(a[field], b[field]));
}
