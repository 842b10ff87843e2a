/** The standard methods of a kind of resource: the same for every kind, as the control layer's are. */
import type { DescMessage } from '@bufbuild/protobuf';
import type { FieldMask } from '@bufbuild/protobuf/wkt';
import type { Resources, WriteAnswer } from '../../control/control.js';
import type { Names, StandardKind } from '../../domain/names.js';
import type { Json } from '../convert/from-message.js';
import { updatePatch } from '../convert/update-patch.js';
import type { Context } from '../methods.js';
import { type ParentFields, pageOptions, parentNames, requireNames, writeOptions } from './answers.js';

interface NamedRequest extends ParentFields {
  readonly name: string;
}

interface WriteRequest extends NamedRequest {
  readonly validateOnly: boolean;
}

interface ReplaceRequest extends WriteRequest {
  readonly etag: string;
  readonly onlyCreate: boolean;
  readonly drain?: boolean | undefined;
}

interface UpdateRequest extends WriteRequest {
  readonly etag: string;
  readonly updateMask?: FieldMask | undefined;
  readonly drain?: boolean | undefined;
}

interface DeleteRequest extends WriteRequest {
  readonly allowMissing: boolean;
  readonly etag: string;
  readonly cascade?: boolean;
  readonly drain?: boolean | undefined;
}

interface ListRequest extends ParentFields {
  readonly pageSize: number;
  readonly pageToken: string;
  readonly filter: string;
  readonly connections?: boolean;
}

interface GetRequest extends NamedRequest {
  readonly connections?: boolean;
}

/** `updateRequest` describes the message whose fields an update mask names. */
export function resourceMethods<R, K extends StandardKind>(
  kind: K,
  resources: Resources<R>,
  updateRequest: DescMessage,
) {
  function ownNames(request: NamedRequest): Names {
    requireNames(request, ['project', 'cluster', 'virtualService', 'name']);
    return { ...parentNames(request), [kind]: request.name } as Names;
  }

  function resourceAnswer(resource: R): { readonly [Field in K]: R } {
    return { [kind]: resource } as { readonly [Field in K]: R };
  }

  function written(answer: WriteAnswer<R>) {
    if ('preview' in answer) return { preview: answer.preview };
    return { ...resourceAnswer(answer.resource), created: answer.created, pending: answer.pending };
  }

  return {
    async list(request: ListRequest, { call }: Context) {
      const { filter, connections = false } = request;
      const query = { ...pageOptions(request), ...(filter && { filter }), connections };
      return resources.list(call, parentNames(request), query);
    },
    async get(request: GetRequest, { call }: Context) {
      const { connections = false } = request;
      return resourceAnswer(await resources.get(call, ownNames(request), { connections }));
    },
    async create(request: WriteRequest, { call, json }: Context) {
      const body = { ...(request.name && { name: request.name }), ...bodyOf(json) };
      return written(await resources.create(call, parentNames(request), body, writeOptions(request)));
    },
    async replace(request: ReplaceRequest, { call, json }: Context) {
      return written(await resources.replace(call, ownNames(request), bodyOf(json), writeOptions(request)));
    },
    async update(request: UpdateRequest, { call, json }: Context) {
      const patch = updatePatch(updateRequest, json, request.updateMask);
      return written(await resources.update(call, ownNames(request), patch, writeOptions(request)));
    },
    async delete(request: DeleteRequest, { call }: Context) {
      return resources.delete(call, ownNames(request), writeOptions(request));
    },
  };
}

function bodyOf({ labels, spec }: Json): Json {
  return { ...(labels !== undefined && { labels }), ...(spec !== undefined && { spec }) };
}
