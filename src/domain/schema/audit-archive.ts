/** Old audit events in files. */
import Type, { type Static } from 'typebox';
import { closed, Timestamp } from './common.js';

const eventId = (description: string) => Type.Integer({ minimum: 1, description });

export const AuditArchive = Type.Object(
  {
    file: Type.String({
      description: 'Its name in the archive directory of the server.',
      examples: ['audit-000000000001-000000004711.ndjson.gz'],
    }),
    firstId: eventId('The oldest event in it.'),
    lastId: eventId('The newest event in it; the next archive, or the log, begins with the one after.'),
    previousHash: Type.String({
      description: 'Hash of the event before the first; 64 zeros: there is none.',
    }),
    lastHash: Type.String({ description: 'Hash of its last event, which the event after it holds.' }),
    bytes: Type.Integer({ minimum: 0, description: 'Size of the file.' }),
    sha256: Type.String({ description: 'Of the file, in hex.' }),
    time: Timestamp,
    revision: eventId('The audit event that says that the events left the log.'),
  },
  { ...closed, $id: 'AuditArchive', description: 'A file that has old audit events in place of the log.' },
);
export type AuditArchive = Static<typeof AuditArchive>;

export const AuditArchiveInput = Type.Object(
  {
    before: Type.Optional(
      Type.String({
        maxLength: 40,
        description: 'RFC 3339: events before this time. This or keepDays.',
        examples: ['2026-01-01T00:00:00Z'],
      }),
    ),
    keepDays: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 36_500,
        description: 'Events that are older than so many days. This or before.',
      }),
    ),
    gzip: Type.Optional(Type.Boolean({ description: 'Compress the file. Default: false.' })),
  },
  { ...closed, $id: 'AuditArchiveInput', description: 'Which events are to leave the log, and how.' },
);
export type AuditArchiveInput = Static<typeof AuditArchiveInput>;

export const AuditArchiving = Type.Object(
  {
    archives: Type.Array(AuditArchive, {
      description: 'The files that were written; none with validateOnly.',
    }),
    events: Type.Integer({
      minimum: 0,
      description: 'How many events were moved; with validateOnly, how many would be by calls like this.',
    }),
    remaining: Type.Integer({
      minimum: 0,
      description: 'How many such events are left, because a call moves no more than 100,000: call again.',
    }),
  },
  { ...closed, $id: 'AuditArchiving', description: 'What was moved out of the audit log.' },
);
export type AuditArchiving = Static<typeof AuditArchiving>;
