/** HTTP/1.1 requests as bytes. */
import { range, realServerPath } from './definition.js';

export interface HttpRequest {
  readonly method: 'GET' | 'PATCH';
  readonly path: string;
  readonly token: string;
  readonly body?: string;
}

export function httpRequest({ method, path, token, body = '' }: HttpRequest): Uint8Array {
  const head = [
    `${method} ${path} HTTP/1.1`,
    'host: 127.0.0.1',
    `authorization: Bearer ${token}`,
    ...(body ? ['content-type: application/json', `content-length: ${Buffer.byteLength(body)}`] : []),
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`);
}

/** For each of so many clients requests that give a real server of its own one weight after another. */
export function weightChanges(clients: number, token: string): Uint8Array[][] {
  return range(clients).map((client) =>
    WEIGHTS.map((weight) =>
      httpRequest({
        method: 'PATCH',
        path: realServerPath(client, 0),
        token,
        body: JSON.stringify({ spec: { weight } }),
      }),
    ),
  );
}

/** Each differs from the one before, so that none is a change of nothing. */
export const WEIGHTS = range(20).map((index) => index + 2);
