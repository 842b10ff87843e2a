/** The live stream. */
import { Readable } from 'node:stream';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';
import type { Control } from '../../control/control.js';
import { type AuditEvent, EVENT_KINDS } from '../../domain/schema/audit-event.js';
import { closed } from '../../domain/schema/common.js';
import { createCallSignals } from '../call-signal.js';
import { EVENT_STREAM_TYPE, eventStream, type Frame, frameText } from '../event-stream.js';
import { AUDIT_EVENT } from '../examples.js';
import { CALL_PROBLEMS, operation } from '../operation.js';
import { NoPath, WatchHeaders } from '../parameters.js';
import { callOf } from '../request.js';

const revision = { minimum: 0, maximum: Number.MAX_SAFE_INTEGER };

const watch = operation({
  operationId: 'watch',
  tag: 'Audit',
  summary: 'Watch events as they happen',
  description:
    'Server-sent events without end: `id` is the id of the audit event, `event` its kind, `data` the event as JSON. A client ' +
    'that comes back with the header `Last-Event-ID`, as browsers do, misses nothing. Comments keep a silent connection ' +
    'alive. A token that is bound to a project has to choose a `resource` in it.',
  params: NoPath,
  query: Type.Object(
    {
      afterRevision: Type.Optional(
        Type.Integer({
          ...revision,
          description:
            'Only events after this one; 0: all there are. Absent: those after Last-Event-ID, else only those to come.',
        }),
      ),
      resource: Type.Optional(
        Type.String({
          maxLength: 512,
          description: 'Path of a resource without `/v1/`: its own events and those of everything below it.',
        }),
      ),
      kind: Type.Optional(Type.Enum(EVENT_KINDS, { type: 'string', description: 'Kind of event.' })),
    },
    closed,
  ),
  headers: WatchHeaders,
  answers: {
    200: {
      description: 'The stream.',
      content: {
        [EVENT_STREAM_TYPE]: {
          schema: Type.String(),
          example: frameText(frameOf(AUDIT_EVENT)),
        },
      },
    },
  },
  problems: [...CALL_PROBLEMS, 'TOO_MANY_STREAMS'],
});

export const eventRoutes: FastifyPluginAsyncTypebox<{ control: Control }> = async (app, { control }) => {
  const signals = createCallSignals(app, control);

  app.get('/v1/events', { schema: watch }, async (request, reply) => {
    const { afterRevision = lastSeen(request.headers['last-event-id']), ...chosen } = request.query;
    const events = control.auditEvents.watch(callOf(request), {
      ...chosen,
      ...(afterRevision !== undefined && { afterRevision }),
      signal: signals.ofStream(request, reply),
    });
    return reply.type(EVENT_STREAM_TYPE).send(Readable.from(eventStream(frames(events))));
  });
};

function lastSeen(header: string | string[] | undefined): number | undefined {
  return header === undefined ? undefined : Number(header);
}

async function* frames(events: AsyncIterable<AuditEvent>): AsyncGenerator<Frame> {
  for await (const event of events) yield frameOf(event);
}

function frameOf(event: AuditEvent): Frame {
  return { id: String(event.id), event: event.kind, data: JSON.stringify(event) };
}
