/** What a watcher is sent. */
import type { AuditEvent } from '../../domain/schema/audit-event.js';
import type { Project } from '../../domain/schema/project-resource.js';
import type { Cluster, RealServer, VirtualService } from '../../domain/schema/resource.js';

export interface EventItem {
  readonly type: 'event';
  readonly event: AuditEvent;
  /** The event as one line of JSON. */
  readonly json: string;
}

/** Nothing that the watcher chose happened lately: everything up to the revision has been sent. */
export interface Heartbeat {
  readonly type: 'heartbeat';
  readonly revision: number;
}

/** Of a snapshot: a resource as it is, in the member that is named after its kind. */
export type ResourceItem = { readonly type: 'resource'; readonly path: string } & (
  | { readonly project: Project }
  | { readonly cluster: Cluster }
  | { readonly virtualService: VirtualService }
  | { readonly realServer: RealServer }
);

/** Of a snapshot: a resource that may have been sent is gone. */
export interface Removed {
  readonly type: 'removed';
  readonly path: string;
}

/** The end of a snapshot: what has been sent is what there was at this revision. */
export interface Synced {
  readonly type: 'synced';
  readonly revision: number;
}

export type WatchItem = EventItem | ResourceItem | Removed | Synced | Heartbeat;

/** The revision to resume after once the item has been received; undefined within a snapshot, which is to begin again. */
export function resumePoint(item: WatchItem): number | undefined {
  if (item.type === 'event') return item.event.id;
  return 'revision' in item ? item.revision : undefined;
}

/** An encoder that remembers what it made of an item for as long as the item lives. */
export function encodeOnce<Item extends object, Encoded>(
  encode: (item: Item) => Encoded,
): (item: Item) => Encoded {
  const made = new WeakMap<Item, Encoded>();
  return (item) => {
    let encoded = made.get(item);
    if (encoded === undefined) {
      encoded = encode(item);
      made.set(item, encoded);
    }
    return encoded;
  };
}
