import type { Control } from '../../control/control.js';
import type { Json } from '../convert/from-message.js';
import type { TokenService } from '../gen/lvsd/v1/token_service_pb.js';
import type { Context, Methods } from '../methods.js';
import { pageOptions, requireNames, writeOptions } from './answers.js';

interface ListRequest {
  readonly pageSize: number;
  readonly pageToken: string;
  readonly filter: string;
}

interface CreateRequest {
  readonly validateOnly: boolean;
}

interface DeleteRequest {
  readonly name: string;
  readonly validateOnly: boolean;
  readonly allowMissing: boolean;
  readonly etag: string;
}

/** The same methods for tokens of the whole server and of one project; a request has a project or not. */
export function tokenMethods({ tokens }: Control): Methods<typeof TokenService> {
  async function list(request: ListRequest & Scope, { call }: Context) {
    requireNames(request, ['project']);
    const query = { ...pageOptions(request), ...(request.filter && { filter: request.filter }) };
    return tokens.list(call, projectOf(request), query);
  }

  async function get(request: Scope & { readonly name: string }, { call }: Context) {
    requireNames(request, ['project', 'name']);
    return { token: await tokens.get(call, projectOf(request), request.name) };
  }

  async function create(request: CreateRequest & Scope, { call, json }: Context) {
    requireNames(request, ['project']);
    const answer = await tokens.create(call, projectOf(request), bodyOf(json), writeOptions(request));
    return 'preview' in answer ? { preview: answer.preview } : { token: answer.resource };
  }

  async function remove(request: DeleteRequest & Scope, { call }: Context) {
    requireNames(request, ['project', 'name']);
    const answer = await tokens.delete(call, projectOf(request), request.name, writeOptions(request));
    return 'preview' in answer ? { preview: answer.preview } : {};
  }

  return {
    listTokens: list,
    getToken: get,
    createToken: create,
    deleteToken: remove,
    listProjectTokens: list,
    getProjectToken: get,
    createProjectToken: create,
    deleteProjectToken: remove,
  };
}

interface Scope {
  readonly project?: string;
}

function projectOf({ project = null }: { readonly project?: string | null }): string | null {
  return project;
}

/** Empty text is absent. */
function bodyOf({ name, labels, spec }: Json): Json {
  return {
    ...(name !== '' && { name }),
    ...(labels !== undefined && { labels }),
    ...(spec !== undefined && { spec }),
  };
}
