/** The standard methods, written once for all kinds that have them. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { Control } from '../../control/control.js';
import { pathOf } from '../../domain/names.js';
import { sendDeleted, sendTagged, sendWritten } from '../reply.js';
import { callOf, writeOptions } from '../request.js';
import { documentKind, type ResourceKind } from './resource-kind.js';

export function resourceRoutes<R extends { readonly etag: string }>(
  kind: ResourceKind<R>,
): FastifyPluginAsyncTypebox<{ control: Control }> {
  const { collection } = kind;
  const item = `${collection}/:${kind.parameter}`;
  const documented = documentKind(kind);
  const location = (resource: R) => `/v1/${pathOf(kind.namesOf(resource))}`;

  return async (app, { control }) => {
    const resources = () => kind.resources(control);

    app.get(collection, { schema: documented.list }, (request) =>
      resources().list(callOf(request), request.params, request.query),
    );

    app.post(collection, { schema: documented.create }, async (request, reply) => {
      const { params, body } = request;
      const answer = await resources().create(callOf(request), params, body, writeOptions(request));
      return sendWritten(reply, answer, { location });
    });

    app.get(item, { schema: documented.get }, async (request, reply) => {
      const resource = await resources().get(callOf(request), request.params, request.query);
      if (!kind.isDefinition || hasLiveCounts(request.query))
        return reply.header('etag', resource.etag).send(resource);
      return sendTagged(request, reply, resource.etag, resource);
    });

    app.put(item, { schema: documented.replace }, async (request, reply) => {
      const { params, body } = request;
      const answer = await resources().replace(callOf(request), params, body, writeOptions(request));
      return sendWritten(reply, answer, { location });
    });

    app.patch(item, { schema: documented.update }, async (request, reply) => {
      const { params, body } = request;
      const answer = await resources().update(callOf(request), params, body, writeOptions(request));
      return sendWritten(reply, answer, { location });
    });

    app.delete(item, { schema: documented.delete }, async (request, reply) => {
      const options = { ...writeOptions(request), cascade: request.query.cascade ?? false };
      const answer = await resources().delete(callOf(request), request.params, options);
      return sendDeleted(reply, answer);
    });
  };
}

/** Connections come and go without a new revision, as what a project has: such an answer is never "not modified". */
function hasLiveCounts({ connections = false }: { connections?: boolean }): boolean {
  return connections;
}
