import { DomainError, type Violation, violationError } from '../domain/errors.js';
import type { AuditEvent } from '../domain/schema/audit-event.js';
import type { EventQuery, Store } from '../store/store.js';
import { authorise } from './authorise.js';
import type { AuditEvents, AuditQuery, WatchOptions } from './control.js';
import { decodePageToken, pageOf, pageSizeOf } from './page.js';

const WATCH_PAGE = 200;

export function createAuditEvents(store: Store): AuditEvents {
  return {
    async list(call, query) {
      authorise(call, 'listAuditEvents', concerning(query));
      const { pageSize, pageToken, ...filters } = query;
      const size = pageSizeOf(pageSize);
      const before = decodePageToken(filters, pageToken);
      const selection = { ...eventQuery(filters), limit: size + 1, ...(before && { after: Number(before) }) };
      const found = store.read((reader) => reader.events(selection));
      return pageOf(found, { size, query: filters, position: ({ id }) => String(id), present: (one) => one });
    },

    async get(call, id) {
      authorise(call, 'getAuditEvent');
      const event = store.read((reader) => reader.event(id));
      if (event) return event;
      throw new DomainError('AUDIT_EVENT_NOT_FOUND', `There is no audit event ${id}.`, {
        metadata: { id: String(id) },
      });
    },

    async integrity(call) {
      authorise(call, 'getAuditIntegrity');
      return store.verify();
    },

    watch(call, options) {
      authorise(call, 'watch', concerning(options));
      return follow(store, options);
    },
  };
}

/** The project that the chosen events are all of. */
function concerning({ resource = '' }: Pick<AuditQuery, 'resource'>): { project?: string } {
  const project = /^projects\/([^/]+)/.exec(resource)?.[1];
  return project === undefined ? {} : { project };
}

async function* follow(store: Store, options: WatchOptions): AsyncGenerator<AuditEvent> {
  const { afterRevision, signal, resource, kind } = options;
  const chosen = { ...(resource && { resource }), ...(kind && { kind }) };
  let after = afterRevision ?? store.read((reader) => reader.revision());
  while (!signal.aborted) {
    const { page, revision } = store.read((reader) => ({
      page: reader.events({ ...chosen, order: 'ascending', after, limit: WATCH_PAGE }),
      revision: reader.revision(),
    }));
    for (const event of page) {
      if (signal.aborted) return;
      yield event;
      after = event.id;
    }
    if (page.length === 0) {
      after = Math.max(after, revision);
      await nextCommit(store, after, signal);
    }
  }
}

/** Resolves when the store is beyond the revision, or the signal aborts. */
function nextCommit(store: Store, revision: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const stop = store.onCommit(finish);
    function finish(): void {
      stop();
      signal.removeEventListener('abort', finish);
      resolve();
    }
    signal.addEventListener('abort', finish);
    if (signal.aborted || store.read((reader) => reader.revision()) > revision) finish();
  });
}

function eventQuery(query: AuditQuery): Omit<EventQuery, 'limit'> {
  const { resource, actor, kind, action, requestId, since, until } = query;
  const times = { ...time('since', since), ...time('until', until) };
  return {
    order: 'descending',
    ...(resource && { resource }),
    ...(actor && { principal: actor }),
    ...(kind && { kind }),
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
