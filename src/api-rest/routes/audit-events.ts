/** The audit log. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';
import type { Control, EventText } from '../../control/control.js';
import { STALL_SECONDS } from '../../control/watch/slow-consumer.js';
import {
  AuditEvent,
  EVENT_KINDS,
  Integrity,
  OUTCOMES,
  type Outcome,
  TRANSPORTS,
} from '../../domain/schema/audit-event.js';
import { closed, Name } from '../../domain/schema/common.js';
import { createCallSignals } from '../call-signal.js';
import { pacedStream } from '../event-stream.js';
import { AUDIT_EVENT, INTEGRITY } from '../examples.js';
import { CALL_PROBLEMS, json, operation } from '../operation.js';
import { NoPath, NoQuery, pageParameters } from '../parameters.js';
import { callOf } from '../request.js';

const tag = 'Audit';
const NDJSON_TYPE = 'application/x-ndjson';
const instant = { format: 'date-time', maxLength: 40 };

const filters = {
  resource: Type.Optional(
    Type.String({
      maxLength: 512,
      description: 'Path of a resource without `/v1/`: its own events and those of everything below it.',
    }),
  ),
  actor: Type.Optional(Type.String({ maxLength: 255, description: 'Principal.' })),
  project: Type.Optional({ ...Name, description: 'Only what is in this project.' }),
  kind: Type.Optional(
    Type.Array(Type.Enum(EVENT_KINDS, { type: 'string' }), {
      maxItems: EVENT_KINDS.length,
      description: 'Only events of this kind. May be given several times.',
    }),
  ),
  outcome: Type.Optional(
    Type.Enum(Object.keys(OUTCOMES) as Outcome[], {
      type: 'string',
      description:
        'done: what was wanted, and what kernels did. refused: what a kernel would not do. denied: calls that were turned away.',
    }),
  ),
  action: Type.Optional(Type.String({ maxLength: 255, description: 'Operation, as in operationId.' })),
  requestId: Type.Optional(Type.String({ maxLength: 128, description: 'X-Request-Id of the call.' })),
  transport: Type.Optional(
    Type.Enum(TRANSPORTS, { type: 'string', description: 'How the call came; system: lvsd itself.' }),
  ),
  sourceAddress: Type.Optional(
    Type.String({ maxLength: 64, description: 'Whence the call came, as the events have it.' }),
  ),
  since: Type.Optional(Type.String({ ...instant, description: 'RFC 3339; events at or after.' })),
  until: Type.Optional(Type.String({ ...instant, description: 'RFC 3339; events before.' })),
};
const AuditQuery = Type.Object({ ...pageParameters, ...filters }, closed);
const ExportQuery = Type.Object(filters, closed);

const listAuditEvents = operation({
  operationId: 'listAuditEvents',
  tag,
  summary: 'List audit events',
  description:
    'Who changed what, when and why, and what the kernel answered. Newest first; all filters must hold.',
  params: NoPath,
  query: AuditQuery,
  answers: {
    200: {
      description: 'One page.',
      content: json(
        Type.Object(
          {
            items: Type.Array(AuditEvent),
            nextPageToken: Type.String({ description: 'Empty on the last page.' }),
          },
          { ...closed, $id: 'AuditEventList', description: 'One page of audit events.' },
        ),
        { items: [AUDIT_EVENT], nextPageToken: '' },
      ),
    },
  },
  problems: [...CALL_PROBLEMS, 'PAGE_TOKEN_INVALID', 'PROJECT_NOT_FOUND'],
});

const exportAuditEvents = operation({
  operationId: 'exportAuditEvents',
  tag,
  summary: 'Export audit events',
  description:
    'All events that the filters let through, oldest first, up to the newest at the call: one JSON object a line, to which its ' +
    '`hash` belongs (SHA-256 of the canonical JSON, RFC 8785, of all other members). Sent as fast as it is read. An export ' +
    'that was cut short ends without the end of the body, so that clients fail.',
  params: NoPath,
  query: ExportQuery,
  answers: {
    200: {
      description: 'The events.',
      content: { [NDJSON_TYPE]: { schema: Type.String(), example: `${JSON.stringify(AUDIT_EVENT)}\n` } },
    },
  },
  problems: [...CALL_PROBLEMS, 'PROJECT_NOT_FOUND', 'TOO_MANY_STREAMS'],
});

const getAuditEvent = operation({
  operationId: 'getAuditEvent',
  tag,
  summary: 'Get an audit event',
  description: 'One event. Its id is the revision of the resource that it changed.',
  params: Type.Object(
    {
      event: Type.Integer({
        minimum: 1,
        maximum: Number.MAX_SAFE_INTEGER,
        description: 'Id of the event.',
        examples: [1],
      }),
    },
    closed,
  ),
  query: NoQuery,
  answers: { 200: { description: 'The event.', content: json(AuditEvent, AUDIT_EVENT) } },
  problems: [...CALL_PROBLEMS, 'AUDIT_EVENT_NOT_FOUND', 'REVISION_ARCHIVED'],
});

const getAuditIntegrity = operation({
  operationId: 'getAuditIntegrity',
  tag,
  summary: 'Verify the audit chain',
  description:
    'Recomputes the hash of every event. An edited or missing event breaks the chain; a chain rewritten from some event on ' +
    'no longer holds the `lastHash` that you noted before.',
  params: NoPath,
  query: NoQuery,
  answers: { 200: { description: 'The verdict.', content: json(Integrity, INTEGRITY) } },
  problems: CALL_PROBLEMS,
});

export const auditEventRoutes: FastifyPluginAsyncTypebox<{ control: Control }> = async (app, { control }) => {
  const signals = createCallSignals(app, control);

  app.get('/v1/audit-events', { schema: listAuditEvents }, (request) =>
    control.auditEvents.list(callOf(request), request.query),
  );
  app.get('/v1/audit-events/export', { schema: exportAuditEvents }, async (request, reply) => {
    const signal = signals.ofStream(request, reply);
    const batches = control.auditEvents.export(callOf(request), request.query, signal);
    const stream = pacedStream(lines(batches, signal), { stallMs: STALL_SECONDS * 1000, farewell: null });
    return reply.type(NDJSON_TYPE).header('connection', 'close').send(stream);
  });
  app.get('/v1/audit-events/:event', { schema: getAuditEvent }, (request) =>
    control.auditEvents.get(callOf(request), request.params.event),
  );
  app.get('/v1/audit-events/integrity', { schema: getAuditIntegrity }, (request) =>
    control.auditEvents.integrity(callOf(request)),
  );
};

async function* lines(
  batches: AsyncIterable<readonly EventText[]>,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  for await (const batch of batches) yield Buffer.from(batch.map(({ json }) => `${json}\n`).join(''));
  // Half an export must not look like one.
  signal.throwIfAborted();
}
