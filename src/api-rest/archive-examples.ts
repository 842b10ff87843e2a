/** The worked examples of audit archives. On a fresh server there is nothing so old. */
import type { AuditArchive, AuditArchiveInput, AuditArchiving } from '../domain/schema/audit-archive.js';
import { AUDIT_EVENT } from './examples.js';

const archive: AuditArchive = {
  file: 'audit-000000000001-000000004711.ndjson.gz',
  firstId: 1,
  lastId: 4711,
  previousHash: '0'.repeat(64),
  lastHash: AUDIT_EVENT.hash,
  bytes: 482_113,
  sha256: '5d41402abc4b2a76b9719d911017c592ae2b1ea6ad1f5b6e0a4d1c9a6f3f7a10',
  time: AUDIT_EVENT.time,
  revision: 98_231,
};

export const ARCHIVE: {
  readonly archive: AuditArchive;
  readonly input: AuditArchiveInput;
  readonly archiving: AuditArchiving;
  readonly preview: AuditArchiving;
} = {
  archive,
  input: { keepDays: 365, gzip: true },
  archiving: { archives: [archive], events: 4711, remaining: 0 },
  preview: { archives: [], events: 0, remaining: 4711 },
};
