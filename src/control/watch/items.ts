/** What a watcher is sent. */
import type { AuditEvent } from '../../domain/schema/audit-event.js';

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

export type WatchItem = EventItem | Heartbeat;

/** The revision to resume after once the item has been received. */
export function resumePoint(item: WatchItem): number {
  return item.type === 'event' ? item.event.id : item.revision;
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
