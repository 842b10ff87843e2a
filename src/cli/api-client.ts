/** Calls the REST API of a server. Whatever goes wrong becomes one sentence that says what to do. */
import { existsSync, readFileSync } from 'node:fs';
import type { Problem } from '../api-rest/problem.js';
import type { ClientConfig } from '../config.js';
import { CommandError } from './command-error.js';
import { type HttpAnswer, httpRequest } from './http-request.js';

export interface ApiRequest {
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface ApiAnswer<T> {
  readonly status: number;
  readonly etag: string | null;
  readonly body: T;
}

/** `T` is what the operation answers. Throws ApiError or NoAnswerError. */
export type ApiClient = <T>(method: string, path: string, request?: ApiRequest) => Promise<ApiAnswer<T>>;

/** The server answered with a problem. */
export class ApiError extends CommandError {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(sentenceOf(problem));
    this.problem = problem;
  }

  get status(): number {
    return this.problem.status;
  }

  get reason(): string {
    return this.problem.reason;
  }
}

/** There was no answer, or none of lvsd: what became of a write is not known. */
export class NoAnswerError extends CommandError {
  /** Nothing listens there, so that the request did not arrive. */
  readonly isRefused: boolean;

  constructor(message: string, options: { readonly isRefused?: boolean } = {}) {
    super(message);
    this.isRefused = options.isRefused ?? false;
  }
}

const TIME_LIMIT_MS = 60_000;

export function createApiClient(config: ClientConfig, timeLimitMs = TIME_LIMIT_MS): ApiClient {
  const { server } = config;
  const token = tokenOf(config);

  return async <T>(method: string, path: string, { body, headers = {} }: ApiRequest = {}) => {
    const signal = AbortSignal.timeout(timeLimitMs);
    const sent = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    try {
      const answer = await httpRequest(`${server}${path}`, {
        method,
        signal,
        headers: {
          accept: 'application/json',
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...(sent && { 'content-type': 'application/json', 'content-length': String(sent.length) }),
          ...headers,
        },
        body: sent,
      });
      return answerOf<T>(answer, { server, wanted: headers.accept });
    } catch (error) {
      if (error instanceof CommandError) throw error;
      throw signal.aborted ? tooSlow(server, timeLimitMs) : noAnswer(error as NodeJS.ErrnoException, server);
    }
  };
}

/** X-Audit-Reason. Header fields are bytes: the server reads them as UTF-8. */
export function reasonHeader(reason: string | undefined): Record<string, string> {
  return reason === undefined ? {} : { 'x-audit-reason': Buffer.from(reason, 'utf8').toString('latin1') };
}

function answerOf<T>(
  { status, headers, text }: HttpAnswer,
  { server, wanted }: { server: string; wanted: string | undefined },
): ApiAnswer<T> {
  const mediaType = headers['content-type']?.split(';', 1)[0] ?? '';
  const isJson = text !== '' && /[/+]json$/.test(mediaType);
  const body: unknown = isJson ? JSON.parse(text) : mediaType === wanted ? text : undefined;
  if (status >= 200 && status < 300 && (body !== undefined || text === '')) {
    return { status, etag: headers.etag ?? null, body: body as T };
  }
  if (mediaType === 'application/problem+json') throw new ApiError(body as Problem);
  throw new NoAnswerError(
    `${server} does not answer as lvsd does (status ${status}, ${mediaType || 'no media type'}): name the server with --server.`,
  );
}

function sentenceOf({ detail, reason, errors = [] }: Problem): string {
  if (reason === 'UNAUTHENTICATED') return `${detail} Name a valid token with --token-file or LVSD_TOKEN.`;
  const others = errors.map((one) => `${one.pointer}: ${one.detail}`).filter((one) => !one.includes(detail));
  return [detail, ...others.slice(0, SHOWN), ...(others.length > SHOWN ? ['…'] : [])].join(' ');
}

/** Violations that fit into a sentence. */
const SHOWN = 5;

function tooSlow(server: string, timeLimitMs: number): NoAnswerError {
  return new NoAnswerError(`${server} did not answer within ${timeLimitMs / 1000} s.`);
}

function noAnswer({ message, code = message }: NodeJS.ErrnoException, server: string): NoAnswerError {
  return new NoAnswerError(
    `${server} cannot be reached (${code}): start "lvsd serve", or name another server with --server.`,
    { isRefused: code === 'ECONNREFUSED' },
  );
}

/** Undefined when nobody named a token and there is none at the usual place: the server will ask for it. */
function tokenOf({ token, tokenFile, isTokenFileChosen }: ClientConfig): string | undefined {
  if (token === undefined && !isTokenFileChosen && !existsSync(tokenFile)) return undefined;
  const text = (token ?? readTokenFile(tokenFile)).trim();
  if (/^[\x21-\x7e]+$/.test(text)) return text;
  const where = token === undefined ? tokenFile : 'LVSD_TOKEN';
  throw new CommandError(`What is in ${where} is not a token: name one with --token-file or LVSD_TOKEN.`);
}

function readTokenFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    throw new CommandError(
      `The token in ${file} cannot be read (${code}): name its file with --token-file, or put it into LVSD_TOKEN.`,
    );
  }
}
