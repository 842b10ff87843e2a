import type { Control } from '../../control/control.js';
import type { DirectorService } from '../gen/lvsd/v1/director_service_pb.js';
import type { Methods } from '../methods.js';
import { pageOptions, requireNames } from './answers.js';

export function directorMethods({ directors }: Control): Methods<typeof DirectorService> {
  return {
    async listDirectors(request, { call }) {
      return directors.list(call, {
        ...pageOptions(request),
        ...(request.filter && { filter: request.filter }),
      });
    },
    async getDirector(request, { call }) {
      requireNames(request, ['name']);
      return { director: await directors.get(call, request.name) };
    },
    async getTable(request, { call }) {
      requireNames(request, ['director']);
      return { table: await directors.table(call, request.director, { stats: request.stats }) };
    },
    async getDrift(request, { call }) {
      requireNames(request, ['director']);
      return { drift: await directors.drift(call, request.director) };
    },
    async createReconciliation(request, { call }) {
      requireNames(request, ['director']);
      return { reconciliation: await directors.reconcile(call, request.director) };
    },
  };
}
