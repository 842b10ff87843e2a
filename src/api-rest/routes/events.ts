/** The live stream. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';
import type { Control } from '../../control/control.js';
import { WATCHABLE_KINDS } from '../../control/watch/selection.js';
import { EVENT_KINDS } from '../../domain/schema/audit-event.js';
import { closed, Name } from '../../domain/schema/common.js';
import { createCallSignals } from '../call-signal.js';
import { EVENT_STREAM_TYPE } from '../event-stream.js';
import { WATCH_STREAM } from '../examples.js';
import { CALL_PROBLEMS, operation } from '../operation.js';
import { NoPath, WatchHeaders } from '../parameters.js';
import { callOf } from '../request.js';
import { sendWatch } from '../watch-stream.js';

const revision = { minimum: 0, maximum: Number.MAX_SAFE_INTEGER };

const watch = operation({
  operationId: 'watch',
  tag: 'Audit',
  summary: 'Watch events as they happen',
  description:
    'Server-sent events without end. A `heartbeat` with the revision that the stream starts after, then audit events: `id` is ' +
    'the id, `event` the kind, `data` the event as JSON. After 15 seconds without one another `heartbeat`: everything up to ' +
    'its revision has been sent. A client that comes back with the header `Last-Event-ID`, as browsers do, misses nothing. ' +
    'Who reads nothing for 20 seconds while there is more is cut off: the last event is an `error` whose data is a problem ' +
    '(`SLOW_CONSUMER`) with the revision to resume after. A token that is bound to projects sees what concerns these and ' +
    'nothing else.',
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
      snapshot: Type.Optional(
        Type.Boolean({
          description:
            'true: first the chosen resources as they are, each an event `resource` (or `removed`, when one was deleted ' +
            'meanwhile), then `synced` with the revision at which this is what there was, then events. When the stream can be ' +
            'resumed after `afterRevision` or Last-Event-ID, it is resumed instead.',
        }),
      ),
      project: Type.Optional({ ...Name, description: 'Only what is in this project.' }),
      kind: Type.Optional(
        Type.Array(Type.Enum(EVENT_KINDS, { type: 'string' }), {
          maxItems: EVENT_KINDS.length,
          description: 'Only events of this kind. May be given several times.',
        }),
      ),
      resourceKind: Type.Optional(
        Type.Array(Type.Enum(WATCHABLE_KINDS, { type: 'string' }), {
          maxItems: WATCHABLE_KINDS.length,
          description: 'Only what concerns resources of this kind. May be given several times.',
        }),
      ),
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
          example: WATCH_STREAM,
        },
      },
    },
  },
  problems: [
    ...CALL_PROBLEMS,
    'TOO_MANY_STREAMS',
    'REVISION_AHEAD',
    'REVISION_ARCHIVED',
    'PROJECT_NOT_FOUND',
  ],
});

export const eventRoutes: FastifyPluginAsyncTypebox<{ control: Control }> = async (app, { control }) => {
  const signals = createCallSignals(app, control);

  app.get('/v1/events', { schema: watch }, async (request, reply) => {
    const { afterRevision = lastSeen(request.headers['last-event-id']), ...chosen } = request.query;
    const signal = signals.ofStream(request, reply);
    const items = control.auditEvents.watch(callOf(request), {
      ...chosen,
      ...(afterRevision !== undefined && { afterRevision }),
      signal,
    });
    return sendWatch(reply, items, signal);
  });
};

function lastSeen(header: string | string[] | undefined): number | undefined {
  return header === undefined ? undefined : Number(header);
}
