/** The connections that a director's kernel has. */
import { Readable } from 'node:stream';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';
import type { Control } from '../../control/control.js';
import { violationError } from '../../domain/errors.js';
import {
  CONNECTION_VIEWS,
  type ConnectionView,
  connectionLine,
  connectionTitles,
} from '../../domain/ipvsadm-connections.js';
import { closed } from '../../domain/schema/common.js';
import { Connection, ConnectionFilter } from '../../domain/schema/connection.js';
import { negotiate } from '../accept.js';
import { createCallSignals } from '../call-signal.js';
import { CONNECTION, CONNECTION_LIST } from '../examples.js';
import { CALL_PROBLEMS, JSON_TYPE, json, operation, TEXT_TYPE, text } from '../operation.js';
import { DirectorPath, pageParameters } from '../parameters.js';
import { callOf } from '../request.js';

const listConnections = operation({
  operationId: 'listConnections',
  tag: 'Kernel',
  summary: 'List connections',
  description:
    'What the kernel has in its connection table now, in its own order, managed or foreign. All filters that are given must ' +
    'hold. The work for one page is bounded, at 10,000 connections looked at: a page may have few items or none, and the ' +
    'last one is the one without `nextPageToken`. While nothing comes or goes, the pages have every connection exactly ' +
    'once; connections that do between two pages may shift others, which are then missed or listed twice. With `Accept: ' +
    'text/plain` all of them come in one answer, as `ipvsadm -Lnc` prints them.',
  params: DirectorPath,
  query: Type.Object(
    {
      ...pageParameters,
      ...ConnectionFilter.properties,
      view: Type.Optional(
        Type.Enum(CONNECTION_VIEWS, {
          type: 'string',
          description: 'What text/plain shows, named after the option of `ipvsadm -Lnc` (default list).',
        }),
      ),
    },
    closed,
  ),
  answers: {
    200: {
      description: 'One page; as text, all.',
      content: {
        ...json(
          Type.Object(
            {
              items: Type.Array(Connection),
              nextPageToken: Type.String({ description: 'Empty on the last page.' }),
            },
            { ...closed, $id: 'ConnectionList', description: 'One page of connections.' },
          ),
          { items: [CONNECTION], nextPageToken: '' },
        ),
        ...text(CONNECTION_LIST),
      },
    },
  },
  problems: [
    ...CALL_PROBLEMS,
    'ADDRESS_INVALID',
    'DIRECTOR_NOT_FOUND',
    'VIRTUAL_SERVICE_NOT_FOUND',
    'KERNEL_UNAVAILABLE',
    'PAGE_TOKEN_INVALID',
    'NOT_ACCEPTABLE',
    'TOO_MANY_STREAMS',
  ],
});

export const connectionRoutes: FastifyPluginAsyncTypebox<{ control: Control }> = async (app, { control }) => {
  const signals = createCallSignals(app, control);

  app.get('/v1/directors/:director/connections', { schema: listConnections }, async (request, reply) => {
    const type = negotiate(request, reply, { [JSON_TYPE]: '', [TEXT_TYPE]: 'as ipvsadm -Lnc' });
    const { view = 'list', ...query } = request.query;
    const { director } = request.params;
    if (type === JSON_TYPE) {
      return control.connections.list(callOf(request), director, query, signals.ofCall(reply));
    }
    const { pageSize, pageToken, ...filter } = query;
    refusePaging({ pageSize, pageToken });
    const signal = signals.ofStream(request, reply);
    const pieces = control.connections.stream(callOf(request), director, filter, signal);
    return reply.type(`${TEXT_TYPE}; charset=utf-8`).send(Readable.from(textOf(pieces, { view, signal })));
  });
};

function refusePaging(parameters: object): void {
  const [name] = Object.entries(parameters).find(([, value]) => value !== undefined) ?? [];
  if (name === undefined) return;
  const detail = `Query parameter ${name} is for pages: ${TEXT_TYPE} has all connections, leave it out.`;
  throw violationError([{ reason: 'FIELD_INVALID', pointer: `/query/${name}`, detail }]);
}

interface Printing {
  readonly view: ConnectionView;
  readonly signal: AbortSignal;
}

/** The titles come with the first piece, so that a kernel that cannot be read is still answered with a problem. */
async function* textOf(
  pieces: AsyncIterable<readonly Connection[]>,
  { view, signal }: Printing,
): AsyncGenerator<string> {
  let titles = connectionTitles(view);
  for await (const piece of pieces) {
    const lines = piece.map((connection) => connectionLine(connection, view));
    const printed = titles + lines.join('');
    if (printed !== '') yield printed;
    titles = '';
  }
  signal.throwIfAborted();
  if (titles !== '') yield titles;
}
