/** Rows and what they stand for. */
import type { Kind } from '../../domain/names.js';
import { nameOf, parentPath } from '../../domain/names.js';
import type { Labels } from '../../domain/schema/common.js';
import type { OwnedEntry, StoredResource } from '../store.js';
import type { EntryConfigs } from './entry-configs.js';

export interface ResourceRow {
  readonly path: string;
  readonly kind: string;
  /** NULL for kinds at the root, because it references a path. */
  readonly parent: string | null;
  readonly name: string;
  readonly labels: string;
  readonly spec: string;
  readonly revision: number;
  readonly create_time: string;
  readonly update_time: string;
}

export interface ResourceRowToWrite extends ResourceRow {
  readonly address: string | null;
}

/** What it is found by, apart from its path: nothing but of virtual services and real servers. */
export function addressOf({ kind, spec }: Pick<StoredResource, 'kind' | 'spec'>): string | null {
  if (kind !== 'virtualService' && kind !== 'realServer') return null;
  const { address } = spec as { address?: unknown };
  return typeof address === 'string' ? address : null;
}

export function rowFromResource(resource: StoredResource): ResourceRowToWrite {
  const { path, kind, labels, spec, revision, createTime, updateTime } = resource;
  return {
    path,
    kind,
    parent: parentPath(path) || null,
    name: nameOf(path),
    labels: JSON.stringify(labels),
    spec: JSON.stringify(spec),
    revision,
    create_time: createTime,
    update_time: updateTime,
    address: addressOf(resource),
  };
}

export function resourceFromRow(row: ResourceRow): StoredResource {
  return {
    kind: row.kind as Kind,
    path: row.path,
    labels: JSON.parse(row.labels) as Labels,
    spec: JSON.parse(row.spec) as unknown,
    revision: row.revision,
    createTime: row.create_time,
    updateTime: row.update_time,
  };
}

export interface EntryRow {
  readonly key: string;
  readonly path: string;
  readonly state: string;
  readonly config: string;
  readonly revision: number;
  readonly drain_seconds: number;
  readonly drain_deadline: string | null;
  readonly origin: string;
}

export function rowFromEntry({ config, drainSeconds, drainDeadline, ...same }: OwnedEntry): EntryRow {
  return {
    ...same,
    config: JSON.stringify(config),
    drain_seconds: drainSeconds,
    drain_deadline: drainDeadline,
  };
}

export function entryFromRow(
  { drain_seconds, drain_deadline, ...row }: EntryRow,
  configs: EntryConfigs,
): OwnedEntry {
  return {
    ...row,
    state: row.state as OwnedEntry['state'],
    origin: row.origin as OwnedEntry['origin'],
    config: configs(row.config),
    drainSeconds: drain_seconds,
    drainDeadline: drain_deadline,
  };
}
