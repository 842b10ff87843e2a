import { DomainError, type Violation, violationError } from '../domain/errors.js';
import type { EventQuery, Store } from '../store/store.js';
import { inArchive } from './as-of.js';
import { audienceOf } from './audience.js';
import { authorise } from './authorise.js';
import type { AuditEvents, AuditQuery, WatchOptions } from './control.js';
import { decodePageToken, pageOf, pageSizeOf } from './page.js';
import { createAlarm } from './watch/alarm.js';
import { createEventLog } from './watch/event-log.js';
import { createFilter, KIND_OF, type Selection } from './watch/selection.js';
import { type PresentAny, snapshot } from './watch/snapshot.js';
import { follow, requireRevision, resumeTooOld } from './watch/watch.js';

export function createAuditEvents(store: Store, present: PresentAny): AuditEvents {
  const log = createEventLog(store);
  const alarm = createAlarm(log);

  return {
    async list(call, query) {
      const projects = audienceOf(call, 'listAuditEvents', query);
      const { pageSize, pageToken, ...filters } = query;
      const size = pageSizeOf(pageSize);
      const before = decodePageToken(filters, pageToken);
      const selection = {
        ...eventQuery(filters, projects),
        limit: size + 1,
        ...(before && { after: Number(before) }),
      };
      const found = store.read((reader) => reader.events(selection));
      return pageOf(found, { size, query: filters, position: ({ id }) => String(id), present: (one) => one });
    },

    async get(call, id) {
      authorise(call, 'getAuditEvent');
      const event = store.read((reader) => {
        if (id >= 1 && id <= reader.archivedThrough().id) throw inArchive(reader, id);
        return reader.event(id);
      });
      if (event) return event;
      throw new DomainError('AUDIT_EVENT_NOT_FOUND', `There is no audit event ${id}.`, {
        metadata: { id: String(id) },
      });
    },

    async integrity(call) {
      authorise(call, 'getAuditIntegrity');
      return store.verify();
    },

    watch(call, { signal, afterRevision, snapshot: isSnapshotWanted = false, ...chosen }) {
      const selection = selectionOf(chosen, audienceOf(call, 'watch', chosen));
      const { newest, archived } = store.read((reader) => ({
        newest: reader.revision(),
        archived: reader.archivedThrough().id,
      }));
      // 0 asks for whatever the log has
      const after = afterRevision === 0 ? archived : afterRevision;
      const isKnown = after !== undefined && after <= newest && after >= archived;
      if (isSnapshotWanted && !isKnown) {
        const from = snapshot({ store, present, selection, signal });
        return follow({ log, alarm, isChosen: createFilter(selection), from, signal });
      }
      if (after !== undefined) requireRevision(after, newest);
      if (after !== undefined && after < archived) throw resumeTooOld(after, archived);
      const from = after ?? newest;
      return follow({ log, alarm, isChosen: createFilter(selection), from, signal });
    },
  };
}

function selectionOf(
  { resource, kind = [], resourceKind = [] }: Omit<WatchOptions, 'signal'>,
  projects: readonly string[] | undefined,
): Selection {
  return {
    ...(projects && { projects }),
    ...(resource && { resource }),
    kinds: kind,
    resourceKinds: resourceKind.map((kind) => KIND_OF[kind]),
  };
}

function eventQuery(query: AuditQuery, projects: readonly string[] | undefined): Omit<EventQuery, 'limit'> {
  const { resource, actor, kind, action, requestId, since, until } = query;
  const times = { ...time('since', since), ...time('until', until) };
  return {
    order: 'descending',
    ...(resource && { resource }),
    ...(actor && { principal: actor }),
    ...(kind?.length && { kinds: kind }),
    ...(projects && { projects }),
    ...(action && { action }),
    ...(requestId && { requestId }),
    ...times,
  };
}

/** In the spelling that events are stored with, so that texts compare as times do. */
function time(name: 'since' | 'until', text: string | undefined): { since?: string; until?: string } {
  if (text === undefined || text === '') return {};
  const date = new Date(text);
  if (/^\d{4}-\d{2}-\d{2}T/.test(text) && !Number.isNaN(date.getTime()))
    return { [name]: date.toISOString() };
  const detail = `${name} must be a time such as 2026-01-01T00:00:00Z.`;
  const violation: Violation = { reason: 'FIELD_INVALID', pointer: `/${name}`, detail };
  throw violationError([violation]);
}
