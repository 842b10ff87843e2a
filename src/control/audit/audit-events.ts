import { DomainError } from '../../domain/errors.js';
import { isWithin, pathOf } from '../../domain/names.js';
import type { Store } from '../../store/store.js';
import { audienceOf } from '../access/audience.js';
import { authorise } from '../access/authorise.js';
import type { AuditEvents, WatchOptions } from '../control.js';
import { inArchive } from '../history/as-of.js';
import { decodePageToken, pageOf, pageSizeOf } from '../page.js';
import { createAlarm } from '../watch/alarm.js';
import { createEventLog } from '../watch/event-log.js';
import { createFilter, KIND_OF, type Selection } from '../watch/selection.js';
import { type PresentAny, snapshot } from '../watch/snapshot.js';
import { follow, requireRevision, resumeTooOld } from '../watch/watch.js';
import { exportEvents } from './audit-export.js';
import { eventQuery, findFirst } from './audit-search.js';

export function createAuditEvents(store: Store, present: PresentAny): AuditEvents {
  const log = createEventLog(store);
  const alarm = createAlarm(log);

  return {
    async list(call, query) {
      const projects = audienceOf(call, 'listAuditEvents', query);
      const { pageSize, pageToken, ...filters } = query;
      const size = pageSizeOf(pageSize);
      const before = decodePageToken(filters, pageToken);
      const { newest, oldest } = store.read((reader) => ({
        newest: reader.revision(),
        oldest: reader.archivedThrough().id + 1,
      }));
      const after = before ? Number(before) : newest + 1;
      const search = { ...eventQuery(filters, projects), order: 'descending', after } as const;
      const found = await findFirst(store, { query: search, last: oldest, limit: size + 1 }, (reader, one) =>
        reader.events(one),
      );
      return pageOf(found, { size, query: filters, position: ({ id }) => String(id), present: (one) => one });
    },

    async get(call, id) {
      const projects = audienceOf(call, 'getAuditEvent', {});
      const isSeen = ({ resource }: { resource: string }) =>
        projects?.some((project) => isWithin(resource, pathOf({ project }))) ?? true;
      const event = store.read((reader) => {
        if (id >= 1 && id <= reader.archivedThrough().id) throw inArchive(reader, id);
        return reader.event(id);
      });
      if (event && isSeen(event)) return event;
      throw new DomainError('AUDIT_EVENT_NOT_FOUND', `There is no audit event ${id}.`, {
        metadata: { id: String(id) },
      });
    },

    async integrity(call) {
      authorise(call, 'getAuditIntegrity');
      return store.verify();
    },

    export(call, filter, signal) {
      const projects = audienceOf(call, 'exportAuditEvents', filter);
      // A fault in the filter is told before the first event.
      eventQuery(filter, projects);
      return exportEvents(store, { filter, projects, signal });
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
