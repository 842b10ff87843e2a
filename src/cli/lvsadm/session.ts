/** What the commands of lvsadm work with: a server, and where new services go. */
import { pathOf } from '../../domain/names.js';
import { type ApiClient, type ApiRequest, reasonHeader } from '../api-client.js';
import { EXIT_NO_SERVICE, Refusal } from './answer.js';
import { inWords } from './problems.js';

export const DIRECTOR = '/v1/directors/local';

export interface Session {
  /** Path of the project. */
  readonly project: string;
  /** Path of the cluster that new services go to. */
  readonly cluster: string;
  read<T>(path: string, request?: ApiRequest): Promise<T>;
  /** Rejects with what ipvsadm says to the same refusal, or when the change is stored and not yet in the kernel. */
  write(method: string, path: string, body?: unknown): Promise<void>;
  readonly call: ApiClient;
}

export interface SessionOptions {
  readonly call: ApiClient;
  readonly project: string;
  readonly cluster: string;
  readonly reason: string | undefined;
}

export function createSession({ call, project, cluster, reason }: SessionOptions): Session {
  const withReason: ApiClient = (method, path, request = {}) =>
    call(method, path, { ...request, headers: { ...request.headers, ...reasonHeader(reason) } });
  return {
    project: `/v1/${pathOf({ project })}`,
    cluster: `/v1/${pathOf({ project, cluster })}`,
    call: withReason,
    read: async <T>(path: string, request?: ApiRequest) =>
      (await inWords(call<T>('GET', path, request))).body,
    async write(method, path, body) {
      const { status } = await inWords(withReason(method, path, body === undefined ? {} : { body }));
      if (status === 202) throw pending();
    },
  };
}

export function pending(): Refusal {
  const hint = 'Stored, but the kernel cannot be reached: lvsd keeps trying.';
  return new Refusal(null, { hint, status: EXIT_NO_SERVICE });
}

/** Path of the resource that the entry belongs to. Rejects when it belongs to nobody in lvsd. */
export function ownedPath({
  key,
  resource,
}: {
  readonly key: string;
  readonly resource: string | null;
}): string {
  if (resource !== null) return `/v1/${resource}`;
  throw new Refusal(null, { hint: foreignHint(key) });
}

export function foreignHint(key: string): string {
  return `lvsd did not make ${key} and does not change it: adopt it first, with POST ${DIRECTOR}/adoptions.`;
}
