/** Sends generated requests over real connections and tells what came back. */
import { Agent, request as httpRequest } from 'node:http';
import type { TestServer } from '../server.js';
import type { Seen } from './examples.js';
import type { FuzzRequest } from './rest-requests.js';

/** A request as it is sent. */
export interface SentRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | null;
}

export interface Answer {
  readonly status: number;
  readonly mediaType: string;
  /** Parsed JSON or text; undefined when there is none. */
  readonly body: unknown;
}

export type Tokens = Readonly<Record<FuzzRequest['caller'], string | null>>;

export async function tokensOf(server: TestServer): Promise<Tokens> {
  return {
    admin: await server.createToken('admin'),
    editor: await server.createToken('editor'),
    operator: await server.createToken('operator'),
    viewer: await server.createToken('viewer'),
    bound: await server.createToken('editor', 'default'),
    nobody: null,
    wrong: 'lvsd_wrong',
  };
}

export function written(request: FuzzRequest, seen: Seen, tokens: Tokens): SentRequest {
  const { method, template, caller, body } = request;
  const path = Object.entries(seen.resolve(request.path)).reduce(
    (url, [name, value]) => url.replace(`{${name}}`, () => encoded(value)),
    template,
  );
  const query = seen
    .resolve(request.query)
    .flatMap(([name, value]) => [value].flat().map((one) => `${encoded(name)}=${encoded(one)}`))
    .join('&');
  const token = tokens[caller];
  const headers = Object.entries(seen.resolve(request.headers)).map(([name, value]) => [
    name,
    fieldValue(value),
  ]);
  return {
    method,
    path: query === '' ? path : `${path}?${query}`,
    headers: {
      ...Object.fromEntries(headers),
      ...(token !== null && { authorization: `Bearer ${token}` }),
    },
    body: bytesOf(body, seen),
  };
}

function bytesOf(body: FuzzRequest['body'], seen: Seen): Buffer | null {
  if (body === null) return null;
  if ('text' in body) return Buffer.from(body.text, body.encoding);
  return Buffer.from(JSON.stringify(seen.resolve(body.value)) ?? '');
}

/** Half of a surrogate pair has no encoding. */
function encoded(value: unknown): string {
  return encodeURIComponent(String(value).replaceAll(/\p{Surrogate}/gu, '\ufffd'));
}

/** What Node lets out in a header field. */
function fieldValue(value: unknown): string {
  return String(value).replace(/[^\t\x20-\x7e\x80-\xff]/g, '?');
}

export interface Sender {
  send(request: SentRequest): Promise<Answer>;
  close(): void;
}

export function createSender(server: TestServer): Sender {
  const agent = new Agent({ keepAlive: true, maxSockets: 16 });
  const { port } = new URL(server.url);

  return {
    send({ method, path, headers, body }) {
      return new Promise((resolve, reject) => {
        const length = body === null ? {} : { 'content-length': String(body.length) };
        const options = { agent, host: '127.0.0.1', port, method, path, headers: { ...headers, ...length } };
        const sent = httpRequest(options, (response) => {
          const mediaType = response.headers['content-type']?.split(';', 1)[0] ?? '';
          const status = response.statusCode ?? 0;
          // a stream has no end to wait for
          if (mediaType === 'text/event-stream') {
            resolve({ status, mediaType, body: '' });
            response.destroy();
            return;
          }
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString();
            resolve({ status, mediaType, body: parsed(text, mediaType) });
          });
        });
        sent.setTimeout(20_000, () => sent.destroy(new Error('no answer within 20 s')));
        sent.on('error', (cause) => reject(new Error(`${method} ${path}: ${cause.message}`, { cause })));
        sent.end(body ?? undefined);
      });
    },
    close: () => agent.destroy(),
  };
}

function parsed(text: string, mediaType: string): unknown {
  if (mediaType !== '' && !/[/+]json$/.test(mediaType)) return text;
  return text === '' ? undefined : JSON.parse(text);
}

/** The command that sends the request again, to a server whose token is in $TOKEN. */
export function asCurl({ method, path, headers, body }: SentRequest): string {
  const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
  const fields = Object.entries(headers).map(([name, value]) =>
    name === 'authorization' && !value.endsWith('wrong')
      ? '-H "Authorization: Bearer $TOKEN"'
      : `-H ${quoted(`${name}: ${value}`)}`,
  );
  const data =
    body === null
      ? []
      : body.toString().includes('\ufffd')
        ? [`--data-binary @<(echo ${body.toString('base64')} | base64 -d)`]
        : [`--data-binary ${quoted(body.toString())}`];
  return [
    'curl',
    '-i',
    '--path-as-is',
    '-X',
    method,
    ...fields,
    ...data,
    quoted(`http://127.0.0.1:8080${path}`),
  ].join(' ');
}
