/** Which events a watcher is to see. */
import { isWithin, type Kind, kindAt, pathOf } from '../../domain/names.js';
import type { AuditEvent } from '../../domain/schema/audit-event.js';

/** The kinds of resources that a watcher may choose, as both APIs write them. */
export const WATCHABLE_KINDS = ['project', 'cluster', 'virtual-service', 'real-server'] as const;
export type WatchableKind = (typeof WATCHABLE_KINDS)[number];

/** Our own names of them. */
export const KIND_OF: Readonly<Record<WatchableKind, Kind>> = {
  project: 'project',
  cluster: 'cluster',
  'virtual-service': 'virtualService',
  'real-server': 'realServer',
};

export interface Selection {
  /** Only what is in one of these projects. */
  readonly projects?: readonly string[];
  /** Path: only what is there and below. */
  readonly resource?: string;
  /** Only events of these kinds; empty: of all. */
  readonly kinds: readonly AuditEvent['kind'][];
  /** Only what concerns resources of these kinds; empty: anything. */
  readonly resourceKinds: readonly Kind[];
}

export function createFilter({ projects, resource, kinds, resourceKinds }: Selection) {
  const roots = projects?.map((project) => pathOf({ project }));
  return (event: AuditEvent): boolean =>
    (kinds.length === 0 || kinds.includes(event.kind)) &&
    (resource === undefined || isWithin(event.resource, resource)) &&
    (roots === undefined || roots.some((root) => isWithin(event.resource, root))) &&
    (resourceKinds.length === 0 || resourceKinds.some((kind) => kind === kindAt(event.resource)));
}
