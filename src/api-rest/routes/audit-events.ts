/** The audit log. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';
import type { Control } from '../../control/control.js';
import { AuditEvent, EVENT_KINDS, Integrity } from '../../domain/schema/audit-event.js';
import { closed, Name } from '../../domain/schema/common.js';
import { AUDIT_EVENT, INTEGRITY } from '../examples.js';
import { CALL_PROBLEMS, json, operation } from '../operation.js';
import { NoPath, NoQuery, pageParameters } from '../parameters.js';
import { callOf } from '../request.js';

const tag = 'Audit';
const instant = { format: 'date-time', maxLength: 40 };

const AuditQuery = Type.Object(
  {
    ...pageParameters,
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
    action: Type.Optional(Type.String({ maxLength: 255, description: 'Operation, as in operationId.' })),
    requestId: Type.Optional(Type.String({ maxLength: 128, description: 'X-Request-Id of the call.' })),
    since: Type.Optional(Type.String({ ...instant, description: 'RFC 3339; events at or after.' })),
    until: Type.Optional(Type.String({ ...instant, description: 'RFC 3339; events before.' })),
  },
  closed,
);

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
  app.get('/v1/audit-events', { schema: listAuditEvents }, (request) =>
    control.auditEvents.list(callOf(request), request.query),
  );
  app.get('/v1/audit-events/:event', { schema: getAuditEvent }, (request) =>
    control.auditEvents.get(callOf(request), request.params.event),
  );
  app.get('/v1/audit-events/integrity', { schema: getAuditIntegrity }, (request) =>
    control.auditEvents.integrity(callOf(request)),
  );
};
