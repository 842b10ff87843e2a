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

export interface Door {
  readonly name: 'REST' | 'gRPC';
  /** As the audit log names it. */
  readonly transport: 'rest' | 'grpc';
  create(path: string, body: Json): Promise<Written>;
  /** PUT. */
  replace(path: string, body: Json): Promise<Written>;
  /** JSON merge patch of labels and spec. */
  update(path: string, patch: Json): Promise<Written>;
  /** With everything below it. */
  delete(path: string): Promise<Written>;
  replaceDefinition(cluster: string, definition: Json): Promise<Written>;
  /** Why the resource cannot be had; undefined when it can. */
  missing(path: string): Promise<Failure | undefined>;
}

export const CLUSTERS = '/v1/projects/default/clusters';

export function createRestDoor(rest: Rest): Door {
  async function write(method: string, path: string, body?: Json): Promise<Written> {
    const { status, body: answer } = await rest.call<Problem>(method, `${CLUSTERS}${path}`, { body });
    if (status >= 400) return { outcome: 'failed', failure: failureOf(status, answer) };
    return { outcome: status === 202 ? 'pending' : status === 201 ? 'created' : 'done' };
  }

  return {
    name: 'REST',
    transport: 'rest',
    create(path, body) {
      const slash = `/${path}`.lastIndexOf('/');
      return write('POST', `/${path}`.slice(0, slash), { name: path.slice(slash), ...body });
    },
    replace: (path, body) => write('PUT', `/${path}`, body),
    update: (path, patch) => write('PATCH', `/${path}`, patch),
    delete: (path) => write('DELETE', `/${path}${isLeaf(path) ? '' : '?cascade=true'}`),
    replaceDefinition: (cluster, definition) => write('PUT', `/${cluster}/definition`, definition),
    async missing(path) {
      const { status, body } = await rest.call<Problem>('GET', `${CLUSTERS}/${path}`);
      return status >= 400 ? failureOf(status, body) : undefined;
    },
  };
}

function failureOf(status: number, { reason, metadata }: Problem): Failure {
  return { code: status, reason, metadata: metadata ?? {} };
}

/** Only a resource that may have children can be deleted with them. */
function isLeaf(path: string): boolean {
  return path.split('/').length === 5;
}
