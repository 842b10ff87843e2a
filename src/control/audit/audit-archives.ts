/** Moves old audit events out of the log, into files of the server. */
import { type Archiver, archiveError } from '../../archive/archiver.js';
import { violationError } from '../../domain/errors.js';
import { type AuditArchive, AuditArchiveInput } from '../../domain/schema/audit-archive.js';
import { createValidator } from '../../domain/validate.js';
import type { Store } from '../../store/store.js';
import { authorise } from '../access/authorise.js';
import type { AuditArchives } from '../control.js';
import { decodeNumber, pageOf, pageSizeOf } from '../page.js';
import { writeContext } from '../write-context.js';

interface Dependencies {
  readonly store: Store;
  readonly archiver: Archiver;
  readonly now: () => Date;
}

const DAY_MS = 86_400_000;

export function createAuditArchives({ store, archiver, now }: Dependencies): AuditArchives {
  const validate = createValidator(AuditArchiveInput);

  return {
    async list(call, { pageSize, pageToken }) {
      authorise(call, 'listAuditArchives');
      const size = pageSizeOf(pageSize);
      const query = 'archives';
      const after = decodeNumber(query, pageToken);
      const found = store.read((reader) => reader.archives({ after, limit: size + 1 }));
      return pageOf<AuditArchive, AuditArchive>(found, {
        ...{ size, query },
        position: ({ lastId }) => String(lastId),
        present: (one) => one,
      });
    },

    async create(call, body, { validateOnly }) {
      authorise(call, 'createAuditArchive');
      const input = validate(body) as AuditArchiveInput;
      const before = boundary(input, now());
      if (validateOnly) return { archives: [], events: 0, remaining: archiver.count(before) };
      const context = writeContext(call, 'createAuditArchive');
      try {
        const archive = await archiver.next({ context, before, gzip: input.gzip ?? false });
        const archives = archive ? [archive] : [];
        const events = archive ? archive.lastId - archive.firstId + 1 : 0;
        return { archives, events, remaining: archiver.count(before) };
      } catch (error) {
        throw archiveError(error);
      }
    },
  };
}

/** The time before which events are to go, as events have it. Not in the future: what is still to happen stays. */
function boundary({ before, keepDays }: AuditArchiveInput, now: Date): string {
  if ((before === undefined) === (keepDays === undefined)) {
    throw violationError([
      {
        reason: 'FIELD_INVALID',
        pointer: '/before',
        detail: 'Give before or keepDays, and not both: they say which events leave the log.',
      },
    ]);
  }
  if (keepDays !== undefined) return new Date(now.getTime() - keepDays * DAY_MS).toISOString();
  const time = new Date(before ?? '');
  if (/^\d{4}-\d{2}-\d{2}T/.test(before ?? '') && time <= now) return time.toISOString();
  throw violationError([
    {
      reason: 'FIELD_INVALID',
      pointer: '/before',
      detail: 'before must be a time that is over, such as 2026-01-01T00:00:00Z.',
    },
  ]);
}
