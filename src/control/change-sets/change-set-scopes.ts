/** Which entries a change-set has to be derived anew for: as few as can be, and each once. */
import { namesOf, parentPath } from '../../domain/names.js';
import type { Slices } from '../../domain/slices.js';
import type { Reader, Transaction } from '../../store/store.js';
import { affectsChildren } from '../definitions/put-resource.js';
import type { SyncOptions } from '../entries/wanted-entries.js';
import type { Item } from './change-set-plan.js';

type Scope = Required<Pick<SyncOptions, 'scope' | 'shallow'>>;

/** So many real servers of one service, or resources of one cluster, are cheaper to derive together than one by one. */
const TOGETHER = { realServer: 64, cluster: 256 };

/** Call it when everything is stored. No two of the scopes overlap. */
export function* scopesOf(tx: Transaction, items: readonly Item[]): Slices<Scope[]> {
  const scopes = new Map<string, boolean>();
  for (const item of items) {
    scopes.set(item.path, isShallow(tx, item));
    yield;
  }
  yield* gather(scopes, TOGETHER.realServer, (path) =>
    namesOf(path).realServer ? parentPath(path) : undefined,
  );
  yield* gather(scopes, TOGETHER.cluster, clusterOf);
  const apart: Scope[] = [];
  for (const [scope, shallow] of scopes) {
    if (!isCovered(scopes, scope)) apart.push({ scope, shallow });
    yield;
  }
  return apart;
}

function isShallow(tx: Transaction & Reader, { type, path, wanted: [only] }: Item): boolean {
  const before = type === 'put' ? tx.before(path) : undefined;
  return before !== undefined && only !== undefined && !affectsChildren(before, only);
}

/** Replaces many scopes by the one above them. */
function* gather(
  scopes: Map<string, boolean>,
  atLeast: number,
  aboveOf: (path: string) => string | undefined,
): Slices<void> {
  const groups = new Map<string, string[]>();
  for (const path of scopes.keys()) {
    yield;
    const above = aboveOf(path);
    if (above === undefined) continue;
    const group = groups.get(above);
    if (group) group.push(path);
    else groups.set(above, [path]);
  }
  for (const [above, paths] of groups) {
    if (paths.length < atLeast) continue;
    for (const path of paths) {
      scopes.delete(path);
      yield;
    }
    scopes.set(above, false);
  }
}

function clusterOf(path: string): string {
  return path.split('/').slice(0, 4).join('/');
}

function isCovered(scopes: ReadonlyMap<string, boolean>, path: string): boolean {
  for (let above = parentPath(path); above !== ''; above = parentPath(above)) {
    if (scopes.get(above) === false) return true;
  }
  return false;
}
