/** One HTTP exchange. Node's `fetch` does the same and takes a tenth of a second to load, which a command line notices. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';

export interface HttpRequest {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  /** As bytes: with a text, Node would send the header fields as UTF-8 too. */
  readonly body: Buffer | undefined;
  readonly signal: AbortSignal;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** Follows no redirects. Rejects with the error of the system (`code`) when there is no answer. */
export async function httpRequest(url: string, { body, ...options }: HttpRequest): Promise<HttpAnswer> {
  const { request } = await (url.startsWith('https:') ? import('node:https') : import('node:http'));
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request(url, options, resolve).on('error', reject).end(body);
  });
  return { status: response.statusCode ?? 0, headers: response.headers, text: await text(response) };
}
