import type { Control, DirectorSettings } from '../../control/control.js';
import type { Section } from '../../domain/schema/director-settings.js';
import type { Json } from '../convert/from-message.js';
import type { DirectorService } from '../gen/lvsd/v1/director_service_pb.js';
import type { Context, Methods } from '../methods.js';
import { pageOptions, requireNames, writeOptions } from './answers.js';
import { connectionMethods } from './connections.js';

export function directorMethods({
  directors,
  timeouts,
  syncDaemons,
  connections,
  driftPolicies,
  preflights,
}: Control): Methods<typeof DirectorService> {
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
      const { director, stats, frontend } = request;
      return { table: await directors.table(call, director, { stats, ...(frontend && { frontend }) }) };
    },
    async getDrift(request, { call }) {
      requireNames(request, ['director']);
      return { drift: await directors.drift(call, request.director) };
    },
    async listDrains(request, { call }) {
      requireNames(request, ['director']);
      return directors.drains(call, request.director, pageOptions(request));
    },
    async createAdoption(request, { call, json }) {
      requireNames(request, ['director', 'cluster']);
      return directors.adopt(call, request.director, adoptionInput(json), writeOptions(request));
    },
    ...connectionMethods(connections),
    async deleteDrain(request, { call }) {
      requireNames(request, ['director']);
      const { director, key, validateOnly, allowMissing } = request;
      return directors.cutDrain(call, director, key, { validateOnly, allowMissing });
    },
    async getDirectorPreflight(request, { call }) {
      requireNames(request, ['director']);
      return { preflight: await preflights.ofDirector(call, request.director) };
    },
    async createReconciliation(request, { call }) {
      requireNames(request, ['director']);
      return { reconciliation: await directors.reconcile(call, request.director) };
    },
    async createCounterReset(request, { call }) {
      requireNames(request, ['director']);
      const { director, key, resource } = request;
      return { counterReset: await directors.resetCounters(call, director, { key, resource }) };
    },
    async getTimeouts(request, { call }) {
      requireNames(request, ['director']);
      return { timeouts: await timeouts.get(call, request.director) };
    },
    async replaceTimeouts(request, context) {
      const { resource, ...answer } = await replaceSetting(timeouts, request, context);
      return { timeouts: resource, ...answer };
    },
    async getSyncDaemons(request, { call }) {
      requireNames(request, ['director']);
      return { syncDaemons: await syncDaemons.get(call, request.director) };
    },
    async replaceSyncDaemons(request, context) {
      const { resource, ...answer } = await replaceSetting(syncDaemons, request, context);
      return { syncDaemons: resource, ...answer };
    },
    async getDriftPolicy(request, { call }) {
      requireNames(request, ['director']);
      return { driftPolicy: await driftPolicies.get(call, request.director) };
    },
    async replaceDriftPolicy(request, { call, json }) {
      requireNames(request, ['director']);
      const body = { ...(json.spec !== undefined && { spec: json.spec }) };
      const answer = await driftPolicies.replace(call, request.director, body, writeOptions(request));
      return 'preview' in answer ? { preview: answer.preview } : { driftPolicy: answer.resource };
    },
  };
}

/** Empty text is absent. */
function adoptionInput({ project, cluster, labels, description, select }: Json): Json {
  return {
    ...(project !== '' && { project }),
    cluster,
    ...(labels !== undefined && { labels }),
    ...(description !== '' && { description }),
    ...(select !== undefined && { select }),
  };
}

interface ReplaceFields {
  readonly director: string;
  readonly validateOnly: boolean;
  readonly etag: string;
}

/** An absent spec is null in JSON. */
async function replaceSetting<S extends Section>(
  settings: DirectorSettings<S>,
  request: ReplaceFields,
  { call, json }: Context,
) {
  requireNames(request, ['director']);
  const body = { spec: json.spec ?? null };
  const answer = await settings.replace(call, request.director, body, writeOptions(request));
  if ('preview' in answer) return { preview: answer.preview };
  return { resource: answer.resource, pending: answer.pending };
}
