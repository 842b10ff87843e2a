/** Calls the REST API as any client would, and holds every answer against the OpenAPI document. */
import type { Problem } from '../../src/api-rest/problem.js';
import { assertDocumented } from './documented-answers.js';
import type { TestServer } from './server.js';

export interface RestAnswer<T> {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed JSON, text of other types; undefined when there is no content. */
  readonly body: T;
}

export interface RestRequest {
  /** Sent as JSON, unless it is text already. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Default: the admin's; null: none. */
  readonly token?: string | null;
}

/** `T` is what the caller expects the body to be: a resource, or a problem. */
export type RestClient = <T = Problem>(
  method: string,
  path: string,
  request?: RestRequest,
) => Promise<RestAnswer<T>>;

export function createRestClient({ url, adminToken }: Pick<TestServer, 'url' | 'adminToken'>): RestClient {
  return async <T>(method: string, path: string, request: RestRequest = {}) => {
    const { body, headers = {}, token = adminToken } = request;
    const sent = typeof body === 'string' ? body : JSON.stringify(body);
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        ...(token !== null && { authorization: `Bearer ${token}` }),
        ...(sent !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(sent !== undefined && { body: sent }),
    });
    const mediaType = response.headers.get('content-type')?.split(';', 1)[0] ?? '';
    const text = await response.text();
    const answer = { status: response.status, headers: response.headers, body: read(text, mediaType) as T };
    if (method !== 'HEAD') {
      assertDocumented({
        method,
        path: path.split('?', 1)[0] ?? '',
        status: answer.status,
        mediaType,
        body: answer.body,
      });
    }
    return answer;
  };
}

function read(text: string, mediaType: string): unknown {
  if (mediaType !== '' && !/[/+]json$/.test(mediaType)) return text;
  return text === '' ? undefined : JSON.parse(text);
}
