import type { AuditQuery, Control, WatchOptions } from '../../control/control.js';
import type { AuditService } from '../gen/lvsd/v1/audit_service_pb.js';
import type { Methods } from '../methods.js';

/** The fields that choose events. Empty text chooses all. */
const FILTERS = ['resource', 'actor', 'kind', 'action', 'requestId', 'since', 'until'] as const;

export function auditMethods({ auditEvents }: Control): Methods<typeof AuditService> {
  return {
    async listAuditEvents(_request, { call, json }) {
      const chosen = ['pageSize', 'pageToken', ...FILTERS].filter((field) => json[field]);
      const query: AuditQuery = Object.fromEntries(chosen.map((field) => [field, json[field]]));
      return auditEvents.list(call, query);
    },
    async getAuditEvent(request, { call }) {
      return { event: await auditEvents.get(call, Number(request.id)) };
    },
    async getAuditIntegrity(_request, { call }) {
      return { integrity: await auditEvents.integrity(call) };
    },
    async *watch({ afterRevision }, { call, json, signal }) {
      const chosen = (['resource', 'kind'] as const).filter((field) => json[field]);
      const options: WatchOptions = {
        ...Object.fromEntries(chosen.map((field) => [field, json[field]])),
        ...(afterRevision !== undefined && { afterRevision: Number(afterRevision) }),
        signal,
      };
      for await (const event of auditEvents.watch(call, options)) yield { event };
    },
  };
}
