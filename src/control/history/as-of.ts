/** Resources as they were after a revision: as they are now, with every later change taken back. */
import { DomainError, violationError } from '../../domain/errors.js';
import { kindOf } from '../../domain/names.js';
import type { Labels } from '../../domain/schema/common.js';
import type { Reader, StoredResource } from '../../store/store.js';

export type PastContent = Pick<StoredResource, 'kind' | 'path' | 'labels' | 'spec'>;

/**
 * The resource at a path and everything below it, parents first; none when there was no such resource. What a write changed
 * is seen as a whole: any of its revisions stands for its end. Costs what the tree has and what has changed since.
 */
export function treeAsOf(reader: Reader, path: string, revision: number): PastContent[] {
  if (revision === 0) return [];
  requireRevision(reader, revision);
  const self = reader.resource(path);
  const tree = new Map<string, PastContent>();
  for (const one of [...(self ? [self] : []), ...reader.descendants(path)]) tree.set(one.path, one);
  for (const { resource, before } of reader.firstChangesAfter(path, reader.endOfWrite(revision))) {
    if (before === null) tree.delete(resource);
    else tree.set(resource, contentOf(resource, before));
  }
  return [...tree.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Of one resource alone. */
export function resourceAsOf(reader: Reader, path: string, revision: number): PastContent | undefined {
  requireRevision(reader, revision);
  const later = reader.nextChange(path, reader.endOfWrite(revision));
  if (later === undefined) return reader.resource(path);
  return later.before === null ? undefined : contentOf(path, later.before);
}

/** Rejects REVISION_NOT_FOUND for one that is still to come, REVISION_ARCHIVED for one whose later events are not all there. */
function requireRevision(reader: Reader, revision: number): void {
  const archived = reader.archivedThrough().id;
  if (revision < archived) throw inArchive(reader, revision);
  const newest = reader.revision();
  if (revision <= newest) return;
  throw new DomainError(
    'REVISION_NOT_FOUND',
    `There is no revision ${revision} yet: the newest is ${newest}.`,
    {
      metadata: { revision: String(revision), newest: String(newest) },
    },
  );
}

/** The NOT_FOUND of a resource that there was not at a revision. */
export function notThen(reader: Reader, path: string, revision: number): DomainError {
  const now = reader.resource(path) ? 'there is one now' : 'nor is there one now';
  const reason = { cluster: 'CLUSTER_NOT_FOUND', virtualService: 'VIRTUAL_SERVICE_NOT_FOUND' } as const;
  const kind = kindOf(path);
  return new DomainError(
    kind === 'cluster' || kind === 'virtualService' ? reason[kind] : 'REAL_SERVER_NOT_FOUND',
    `There was no ${path} at revision ${revision}; ${now}. Its revisions say when there was.`,
    { metadata: { resource: path, revision: String(revision) } },
  );
}

/** Of a revision that the log begins after. */
export function inArchive(reader: Reader, revision: number): DomainError {
  const file = reader.archiveOf(revision)?.file ?? '';
  const { id: archivedThrough } = reader.archivedThrough();
  return new DomainError(
    'REVISION_ARCHIVED',
    `Revision ${revision} is in the archive file ${file}: look there. Here the past can be read from revision ` +
      `${archivedThrough} on.`,
    { metadata: { file, revision: String(revision), archivedThrough: String(archivedThrough) } },
  );
}

/** A change event has labels and spec of its resource. */
function contentOf(path: string, snapshot: Readonly<Record<string, unknown>>): PastContent {
  const { labels, spec } = snapshot as { readonly labels: Labels; readonly spec: unknown };
  return { kind: kindOf(path), path, labels, spec };
}

/** What came as a number over the wire. 0, before there was anything, is something to compare with, but nothing was then. */
export function requireNumber(field: string, revision: number): number {
  if (Number.isSafeInteger(revision) && revision >= (field === 'from' ? 0 : 1)) return revision;
  const detail = `${field} must be a revision: a whole number from 1 on, as the resource's revisions have it.`;
  throw violationError([{ reason: 'FIELD_INVALID', pointer: `/${field}`, detail }]);
}
