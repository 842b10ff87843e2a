/** Calls the REST API of a server. Whatever goes wrong becomes one sentence that says what to do. */
import { existsSync, readFileSync } from 'node:fs';
import type { Problem } from '../api-rest/problem.js';
import type { ClientConfig } from '../config.js';
import { CommandError } from './command-error.js';

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
    try {
      const response = await fetch(`${server}${path}`, {
        method,
        redirect: 'manual',
        signal: AbortSignal.timeout(timeLimitMs),
        headers: {
          accept: 'application/json',
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      return await answerOf<T>(response, { server, wanted: headers.accept });
    } catch (error) {
      throw error instanceof CommandError ? error : noAnswer(error, server, timeLimitMs);
    }
  };
}

/** X-Audit-Reason. Header fields are bytes: the server reads them as UTF-8. */
export function reasonHeader(reason: string | undefined): Record<string, string> {
  return reason === undefined ? {} : { 'x-audit-reason': Buffer.from(reason, 'utf8').toString('latin1') };
}

async function answerOf<T>(
  response: Response,
  { server, wanted }: { server: string; wanted: string | undefined },
): Promise<ApiAnswer<T>> {
  const { status, headers } = response;
  const mediaType = headers.get('content-type')?.split(';', 1)[0] ?? '';
  const text = await response.text();
  const isJson = text !== '' && /[/+]json$/.test(mediaType);
  const body: unknown = isJson ? JSON.parse(text) : mediaType === wanted ? text : undefined;
  if (status >= 200 && status < 300 && (body !== undefined || text === '')) {
    return { status, etag: headers.get('etag'), body: body as T };
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

function noAnswer(error: unknown, server: string, timeLimitMs: number): NoAnswerError {
  const { name, message, cause } = error as Error;
  if (name === 'TimeoutError') {
    return new NoAnswerError(`${server} did not answer within ${timeLimitMs / 1000} s.`);
  }
  const { code = message } = (cause ?? {}) as NodeJS.ErrnoException;
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
