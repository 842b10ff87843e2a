import type { Control, WatchOptions } from '../../control/control.js';
import { encodeOnce, resumePoint, type WatchItem } from '../../control/watch/items.js';
import type { Json } from '../convert/from-message.js';
import { AuditService } from '../gen/lvsd/v1/audit_service_pb.js';
import { type Answer, EncodedAnswer, type Methods } from '../methods.js';
import { encodeAnswer } from '../unary.js';
import { archiveMethods } from './audit-archives.js';

/** The fields that choose events. Empty text chooses all. */
const FILTERS = [
  ...['project', 'resource', 'actor', 'kind', 'outcome', 'action'],
  ...['requestId', 'transport', 'sourceAddress', 'since', 'until'],
];

export function auditMethods({ auditEvents, auditArchives }: Control): Methods<typeof AuditService> {
  return {
    ...archiveMethods(auditArchives),
    async listAuditEvents(_request, { call, json }) {
      return auditEvents.list(call, givenFields(json, ['pageSize', 'pageToken', ...FILTERS]));
    },
    async *exportAuditEvents(_request, { call, json, signal }) {
      for await (const batch of auditEvents.export(call, givenFields(json, FILTERS), signal)) {
        for (const text of batch) yield { event: JSON.parse(text.json) };
      }
    },
    async getAuditEvent(request, { call }) {
      return { event: await auditEvents.get(call, Number(request.id)) };
    },
    async getAuditIntegrity(_request, { call }) {
      return { integrity: await auditEvents.integrity(call) };
    },
    async *watch({ afterRevision, snapshot }, { call, json, signal }) {
      const options: WatchOptions = {
        ...givenFields(json, ['project', 'resource', 'kind', 'resourceKind']),
        ...(afterRevision !== undefined && { afterRevision: Number(afterRevision) }),
        snapshot,
        signal,
      };
      for await (const items of auditEvents.watch(call, options)) {
        for (const item of items) yield encoded(item);
      }
    },
  };
}

/** Zero and empty text mean absent. */
function givenFields(json: Json, fields: readonly string[]): Json {
  return Object.fromEntries(fields.filter((field) => json[field]).map((field) => [field, json[field]]));
}

const encoded = encodeOnce(
  (item: WatchItem) =>
    new EncodedAnswer(encodeAnswer(AuditService.method.watch.output, answerOf(item)), resumePoint(item)),
);

function answerOf(item: WatchItem): Answer<typeof AuditService.method.watch.output> {
  if (item.type === 'event') return { event: item.event };
  const { type, ...fields } = item;
  return { [type]: fields };
}
