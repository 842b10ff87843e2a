/**
 * What a write answers is what it wrote, also when another one has removed it before the answer was made: a drain that the first has
 * begun may end in between.
 */
import { parentPath } from '../../domain/names.js';
import type { Reader, StoredResource } from '../../store/store.js';

/** A resource and those above it, by their paths. */
export type Lineage = ReadonlyMap<string, StoredResource>;

export function lineageOf(reader: Reader, path: string): Lineage {
  const lineage = new Map<string, StoredResource>();
  for (let at = path; at !== ''; at = parentPath(at)) {
    const resource = reader.resource(at);
    if (resource) lineage.set(at, resource);
  }
  return lineage;
}

/** The same state, but for those of the lineage that are gone. */
export function withLineage(reader: Reader, lineage: Lineage): Reader {
  return { ...reader, resource: (path) => reader.resource(path) ?? lineage.get(path) };
}
