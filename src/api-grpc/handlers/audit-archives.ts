import type { AuditArchives } from '../../control/control.js';
import type { AuditService } from '../gen/lvsd/v1/audit_service_pb.js';
import type { Methods } from '../methods.js';
import { pageOptions, writeOptions } from './answers.js';

export function archiveMethods(
  auditArchives: AuditArchives,
): Pick<Methods<typeof AuditService>, 'listAuditArchives' | 'createAuditArchive'> {
  return {
    async listAuditArchives(request, { call }) {
      return auditArchives.list(call, pageOptions(request));
    },
    async createAuditArchive(request, { call, json }) {
      const given = (['before', 'keepDays', 'gzip'] as const).filter((field) => json[field] !== undefined);
      const body = Object.fromEntries(given.map((field) => [field, json[field]]));
      return { archiving: await auditArchives.create(call, body, writeOptions(request)) };
    },
  };
}
