/**
 * The API behind either of its doors, for tests that do the same through both. Paths name resources under project
 * default as `shop/virtual-services/http/real-servers/web1`; bodies are the JSON of REST.
 */
import type { Problem } from '../../src/api-rest/problem.js';
import type { Rest } from './kernel-rest.js';

export type Json = Readonly<Record<string, unknown>>;

/** What became of a write. */
export type Written =
  | { readonly outcome: 'created' | 'done' | 'pending' }
  | { readonly outcome: 'failed'; readonly failure: Failure };

export interface Failure {
  /** HTTP status, or name of the gRPC code. */
  readonly code: number | string;
  readonly reason: string;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface WriteOptions {
  /** As the audit log names the call. */
  readonly requestId?: string;
  readonly drain?: boolean;
  readonly validateOnly?: boolean;
  /** If-Match; not of a change-set. */
  readonly etag?: string;
}

/** Of a change-set; a resource is a path as below. */
export type Change =
  | { readonly put: { readonly resource: string; readonly spec: Json } }
  | { readonly delete: { readonly resource: string } };

export interface Door {
  readonly name: 'REST' | 'gRPC';
  /** As the audit log names it. */
  readonly transport: 'rest' | 'grpc';
  create(path: string, body: Json, options?: Omit<WriteOptions, 'drain'>): Promise<Written>;
  /** PUT. */
  replace(path: string, body: Json, options?: WriteOptions): Promise<Written>;
  /** JSON merge patch of labels and spec. */
  update(path: string, patch: Json, options?: WriteOptions): Promise<Written>;
  /** With everything below it. */
  delete(path: string, options?: WriteOptions): Promise<Written>;
  replaceDefinition(cluster: string, definition: Json, options?: WriteOptions): Promise<Written>;
  changeSet(changes: readonly Change[], options?: WriteOptions): Promise<Written>;
  /** Why the resource cannot be had; undefined when it can. */
  missing(path: string): Promise<Failure | undefined>;
}

const PARENT = 'projects/default/clusters';
export const CLUSTERS = `/v1/${PARENT}`;

interface Sent {
  readonly body?: Json;
  readonly query?: Readonly<Record<string, string>>;
  readonly options?: WriteOptions | undefined;
}

export function createRestDoor(rest: Rest): Door {
  async function write(
    method: string,
    path: string,
    { body, query = {}, options = {} }: Sent,
  ): Promise<Written> {
    const { requestId, drain, validateOnly, etag } = options;
    const all = new URLSearchParams({
      ...query,
      ...(drain !== undefined && { drain: String(drain) }),
      ...(validateOnly && { validateOnly: 'true' }),
    });
    const headers = {
      ...(requestId !== undefined && { 'x-request-id': requestId }),
      ...(etag !== undefined && { 'if-match': etag }),
    };
    const url = all.size > 0 ? `${path}?${all}` : path;
    const { status, body: answer } = await rest.call<Problem>(method, url, { body, headers });
    if (status >= 400) return { outcome: 'failed', failure: failureOf(status, answer) };
    return { outcome: status === 202 ? 'pending' : status === 201 ? 'created' : 'done' };
  }

  return {
    name: 'REST',
    transport: 'rest',
    create(path, body, options) {
      const slash = `/${path}`.lastIndexOf('/');
      const named = { name: path.slice(slash), ...body };
      return write('POST', CLUSTERS + `/${path}`.slice(0, slash), { body: named, options });
    },
    replace: (path, body, options) => write('PUT', `${CLUSTERS}/${path}`, { body, options }),
    update: (path, patch, options) => write('PATCH', `${CLUSTERS}/${path}`, { body: patch, options }),
    delete: (path, options) =>
      write('DELETE', `${CLUSTERS}/${path}`, { query: isLeaf(path) ? {} : { cascade: 'true' }, options }),
    replaceDefinition: (cluster, definition, options) =>
      write('PUT', `${CLUSTERS}/${cluster}/definition`, { body: definition, options }),
    changeSet(changes, options) {
      const body = { changes: changes.map((change) => withFullPath(change, ({ spec }) => ({ spec }))) };
      return write('POST', '/v1/change-sets', { body, options });
    },
    async missing(path) {
      const { status, body } = await rest.call<Problem>('GET', `${CLUSTERS}/${path}`);
      return status >= 400 ? failureOf(status, body) : undefined;
    },
  };
}

function failureOf(status: number, { reason, metadata }: Problem): Failure {
  return { code: status, reason, metadata: metadata ?? {} };
}

/** A change as an API has it: how it names the spec is the caller's to say. */
export function withFullPath(change: Change, member: (put: { resource: string; spec: Json }) => Json): Json {
  if ('put' in change)
    return { put: { resource: `${PARENT}/${change.put.resource}`, ...member(change.put) } };
  return { delete: { resource: `${PARENT}/${change.delete.resource}`, cascade: true } };
}

/** Only a resource that may have children can be deleted with them. */
function isLeaf(path: string): boolean {
  return path.split('/').length === 5;
}
