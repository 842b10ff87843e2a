import type { Connections } from '../../control/control.js';
import { ConnectionFilter } from '../../domain/schema/connection.js';
import type { Json } from '../convert/from-message.js';
import type { DirectorService } from '../gen/lvsd/v1/director_service_pb.js';
import type { Methods } from '../methods.js';
import { pageOptions, requireNames } from './answers.js';

type ConnectionMethods = Pick<Methods<typeof DirectorService>, 'listConnections' | 'streamConnections'>;

export function connectionMethods(connections: Connections): ConnectionMethods {
  return {
    async listConnections(request, { call, json, signal }) {
      requireNames(request, ['director']);
      const query = { ...pageOptions(request), ...filterOf(json) };
      return connections.list(call, request.director, query, signal);
    },
    async *streamConnections(request, { call, json, signal }) {
      requireNames(request, ['director']);
      for await (const items of connections.stream(call, request.director, filterOf(json), signal)) {
        if (items.length > 0) yield { items };
      }
    },
  };
}

/** Empty text chooses all. */
function filterOf(json: Json): ConnectionFilter {
  const fields = Object.keys(ConnectionFilter.properties);
  const given = fields.filter((field) => json[field] !== undefined && json[field] !== '');
  return Object.fromEntries(given.map((field) => [field, json[field]]));
}
