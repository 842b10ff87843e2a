/** From the body of a change-set to what is to be stored, item by item; nothing here knows what is stored now. */
import { DomainError, type Violation, violationError } from '../../domain/errors.js';
import { type DefinitionKind, namesOf, parentPath } from '../../domain/names.js';
import type { ChangeSetFrame } from '../../domain/schema/change-set.js';
import { type Slices, slicesOf } from '../../domain/slices.js';
import type { Reader } from '../../store/store.js';
import { createBodyParser } from '../definitions/body.js';
import { documentPointer, resourcesOf, type Wanted } from '../definitions/definition-document.js';
import { CLUSTER, REAL_SERVER, VIRTUAL_SERVICE } from '../definitions/kinds.js';
import { notThen, treeAsOf } from '../history/as-of.js';

export interface Item {
  readonly type: 'put' | 'putDefinition' | 'restore' | 'delete';
  readonly path: string;
  /** Where it stands in the body. */
  readonly pointer: string;
  /**
   * Parents first; of a definition, all that the cluster is to have. Empty for a deletion, and for what is to be as it was.
   */
  readonly wanted: readonly Wanted[];
  /** Where the spec of a wanted resource stands in the body. */
  readonly specPointer: (path: string) => string;
  readonly cascade: boolean;
  /** Of what is to be restored. */
  readonly revision?: number;
  readonly ifMatch?: string;
  readonly onlyCreate: boolean;
}

type Change = ChangeSetFrame['changes'][number];

const PARSERS = {
  cluster: createBodyParser(CLUSTER),
  virtualService: createBodyParser(VIRTUAL_SERVICE),
  realServer: createBodyParser(REAL_SERVER),
};

/** Throws all violations of all items at once. */
export function* planItems({ changes }: ChangeSetFrame): Slices<Item[]> {
  const violations: Violation[] = [];
  const items: Item[] = [];
  for (const [index, change] of changes.entries()) {
    try {
      items.push(yield* itemOf(change, `/changes/${index}`));
    } catch (error) {
      if (!(error instanceof DomainError) || error.violations.length === 0) throw error;
      violations.push(...error.violations);
    }
    yield;
  }
  violations.push(...(yield* collisions(items)));
  if (violations.length > 0) throw violationError(violations as [Violation, ...Violation[]]);
  return items;
}

function* itemOf(change: Change, pointer: string): Slices<Item> {
  const { put, putDefinition, restore, delete: deletion, ifMatch, onlyCreate = false } = change;
  const [only, another] = [put, putDefinition, restore, deletion].filter((one) => one !== undefined);
  if (!only || another) {
    const detail = `Change ${pointer.split('/').at(-1)} must have exactly one of put, putDefinition, restore and delete.`;
    throw violationError([{ reason: 'FIELD_INVALID', pointer, detail }]);
  }
  const path = only.resource;
  const common = { path, onlyCreate, ...(ifMatch !== undefined && { ifMatch }) };
  if (put) {
    const at = `${pointer}/put`;
    const { resource: _, ...body } = put;
    const kind = kindOf(path);
    const { labels, spec } = yield* within(at, () => PARSERS[kind](body));
    const wanted = [{ kind, path, labels, spec: spec as Wanted['spec'] }];
    return { ...common, type: 'put', pointer: at, wanted, cascade: false, specPointer: () => `${at}/spec` };
  }
  if (putDefinition) {
    const at = `${pointer}/putDefinition`;
    const wanted = yield* within(`${at}/definition`, () => resourcesOf(path, putDefinition.definition));
    const specPointer = (below: string) => `${at}/definition${documentPointer(path, below)}/spec`;
    return { ...common, type: 'putDefinition', pointer: at, wanted, cascade: true, specPointer };
  }
  if (restore) {
    const at = `${pointer}/restore`;
    const { revision } = restore;
    return {
      ...common,
      ...{ type: 'restore', pointer: at, wanted: [], revision, cascade: true },
      specPointer: () => at,
    };
  }
  const at = `${pointer}/delete`;
  const cascade = deletion?.cascade ?? false;
  return { ...common, type: 'delete', pointer: at, wanted: [], cascade, specPointer: () => at };
}

/** What a restored resource and everything below it are to be, by the rules of today. */
export function* restoredResources(reader: Reader, { path, pointer, revision = 0 }: Item): Slices<Wanted[]> {
  const tree = treeAsOf(reader, path, revision);
  if (tree.length === 0) throw notThen(reader, path, revision);
  const wanted: Wanted[] = [];
  for (const { path: one, labels, spec } of tree) {
    const kind = kindOf(one);
    const parsed = yield* within(pointer, () => PARSERS[kind]({ labels, spec }));
    wanted.push({ kind, path: one, labels: parsed.labels, spec: parsed.spec as Wanted['spec'] });
    yield;
  }
  return wanted;
}

/** Runs it with the pointers of its violations below this one. */
function* within<T>(pointer: string, parse: () => T | Slices<T>): Slices<T> {
  try {
    return yield* slicesOf(parse());
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    const [first, ...rest] = error.violations.map((one) => ({ ...one, pointer: `${pointer}${one.pointer}` }));
    throw first ? violationError([first, ...rest]) : error;
  }
}

function kindOf(path: string): DefinitionKind {
  const { virtualService, realServer } = namesOf(path);
  return realServer !== undefined
    ? 'realServer'
    : virtualService !== undefined
      ? 'virtualService'
      : 'cluster';
}

/** Two changes of one resource, and changes of what another one replaces or deletes as a whole. */
function* collisions(items: readonly Item[]): Slices<Violation[]> {
  const byPath = new Map<string, Item>();
  const violations: Violation[] = [];
  const complain = (item: Item, other: Item) => {
    const detail = `${item.path} is changed here and by ${other.pointer} too: a change-set has one change for each resource.`;
    violations.push({ reason: 'CHANGES_COLLIDE', pointer: item.pointer, detail });
  };
  for (const item of items) {
    const twin = byPath.get(item.path);
    if (twin) complain(item, twin);
    else byPath.set(item.path, item);
    yield;
  }
  for (const item of items) {
    for (let above = parentPath(item.path); above !== ''; above = parentPath(above)) {
      const other = byPath.get(above);
      const isTaken = other && other.type !== 'put' && !(other.type === 'delete' && item.type === 'delete');
      if (isTaken) complain(item, other);
    }
    yield;
  }
  return violations;
}
