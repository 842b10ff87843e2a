/** REST as a client sees it. */
import type { Problem } from '../../src/api-rest/problem.js';

export interface RestAnswer<T> {
  readonly status: number;
  readonly etag: string | null;
  readonly body: T;
}

export interface RestRequest {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Rest {
  /** `path` begins with a slash. Any status is an answer; rejects only when there is none. */
  call<T>(method: string, path: string, request?: RestRequest): Promise<RestAnswer<T>>;
  /** The body of a GET that must succeed. */
  get<T>(path: string): Promise<T>;
}

const LIMIT_MS = 60_000;

export function createRest(url: string, token: () => Promise<string>): Rest {
  async function call<T>(method: string, path: string, { body, headers = {} }: RestRequest = {}) {
    const response = await fetch(url + path, {
      method,
      headers: {
        authorization: `Bearer ${await token()}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(LIMIT_MS),
    });
    const text = await response.text();
    const isJson = (response.headers.get('content-type') ?? '').includes('json');
    const parsed = (isJson && text !== '' ? JSON.parse(text) : text) as T;
    return { status: response.status, etag: response.headers.get('etag'), body: parsed };
  }

  return {
    call,
    async get<T>(path: string) {
      const { status, body } = await call<T & Problem>('GET', path);
      if (status !== 200) throw new Error(`GET ${path}: ${status} ${body.detail}`);
      return body;
    },
  };
}
