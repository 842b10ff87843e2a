/**
 * Resources as reads have parsed them, so that one that is asked for again and again is read from the database once.
 *
 * What is here is what the last commit left: a resource that the open transaction has touched is not here until that
 * transaction has ended, however it ends. What another process commits empties it (`PRAGMA data_version`).
 */
import { freeze } from '../../domain/freeze.js';
import type { StoredResource } from '../store.js';

export interface ResourceCache {
  /** What is here under this path, or else what `load` finds. Frozen, because it is shared. */
  resource(path: string, load: () => StoredResource | undefined): StoredResource | undefined;
  /** As `resource`, by the hash of a credential of the resource. */
  owner(hash: Buffer, load: () => StoredResource | undefined): StoredResource | undefined;
  /** Must be called before the open transaction changes the resource. */
  touch(path: string): void;
  /** Must be called when the transaction has ended. */
  settle(): void;
  clear(): void;
}

/** Some 10 MiB of real servers. */
const MAX_RESOURCES = 10_000;

export function createResourceCache(): ResourceCache {
  const resources = new Map<string, StoredResource>();
  /** Good as long as the very object is the one among the resources. */
  const owners = new Map<string, StoredResource>();
  const touched = new Set<string>();

  function keep(found: StoredResource): StoredResource {
    if (touched.has(found.path)) return found;
    if (resources.size >= MAX_RESOURCES) dropOldest(resources);
    resources.set(found.path, freeze(found));
    return found;
  }

  return {
    resource(path, load) {
      const known = resources.get(path);
      if (known) return known;
      const found = load();
      return found && keep(found);
    },
    owner(hash, load) {
      const id = hash.toString('latin1');
      const known = owners.get(id);
      if (known && resources.get(known.path) === known) return known;
      const found = load();
      if (!found) return undefined;
      if (owners.size >= MAX_RESOURCES) dropOldest(owners);
      owners.set(id, keep(found));
      return found;
    },
    touch(path) {
      resources.delete(path);
      touched.add(path);
    },
    settle: () => touched.clear(),
    clear: () => resources.clear(),
  };
}

function dropOldest(map: Map<string, unknown>): void {
  for (const key of map.keys()) {
    map.delete(key);
    return;
  }
}
