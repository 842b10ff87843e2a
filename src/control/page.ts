import { createHash } from 'node:crypto';
import { DomainError, violationError } from '../domain/errors.js';

const DEFAULT_PAGE_SIZE = 50;
const MAX_PAGE_SIZE = 1000;

/** Absent or 0 is the default; too large is capped, not refused. */
export function pageSizeOf(pageSize: number | undefined): number {
  if (pageSize === undefined || pageSize === 0) return DEFAULT_PAGE_SIZE;
  if (!Number.isInteger(pageSize) || pageSize < 0) {
    throw violationError([
      {
        reason: 'FIELD_INVALID',
        pointer: '/pageSize',
        detail: 'pageSize must be a whole number from 1 to 1000.',
      },
    ]);
  }
  return Math.min(pageSize, MAX_PAGE_SIZE);
}

/** An opaque token that continues one query after `position`; another query refuses it. */
export function encodePageToken(query: unknown, position: string): string {
  return Buffer.from(JSON.stringify([fingerprint(query), position])).toString('base64url');
}

/** The position, or undefined for the first page. Rejects PAGE_TOKEN_INVALID. */
export function decodePageToken(query: unknown, token: string | undefined): string | undefined {
  if (token === undefined || token === '') return undefined;
  const position = readToken(token, fingerprint(query));
  if (position === undefined) throw notOurs();
  return position;
}

/** As `decodePageToken`, of positions that are whole numbers; 0 for the first page. */
export function decodeNumber(query: unknown, token: string | undefined): number {
  const position = decodePageToken(query, token) ?? '0';
  if (!/^\d{1,15}$/.test(position)) throw notOurs();
  return Number(position);
}

function notOurs(): DomainError {
  return new DomainError(
    'PAGE_TOKEN_INVALID',
    'The pageToken was not given out for this query: start again without it.',
  );
}

function readToken(token: string, expected: string): string | undefined {
  try {
    const [print, position] = JSON.parse(Buffer.from(token, 'base64url').toString()) as unknown[];
    return print === expected && typeof position === 'string' ? position : undefined;
  } catch {
    return undefined;
  }
}

function fingerprint(query: unknown): string {
  return createHash('sha256').update(JSON.stringify(query)).digest('base64url').slice(0, 12);
}

/** One more item than the page holds tells whether there is a next page. */
export function pageOf<S, R>(
  found: readonly S[],
  { size, query, position, present }: PageShape<S, R>,
): { items: R[]; nextPageToken: string } {
  const shown = found.slice(0, size);
  const last = shown[shown.length - 1];
  const more = found.length > size && last !== undefined;
  return { items: shown.map(present), nextPageToken: more ? encodePageToken(query, position(last)) : '' };
}

interface PageShape<S, R> {
  readonly size: number;
  readonly query: unknown;
  readonly position: (item: S) => string;
  readonly present: (item: S) => R;
}
