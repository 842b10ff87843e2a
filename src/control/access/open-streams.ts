/** Streams that are open, by the credentials that opened them: nobody goes on reading with a token that was revoked. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { DomainError } from '../../domain/errors.js';
import type { Authentication, Credentials, OpenStream, Principal } from '../control.js';

export interface OpenStreams {
  /** Throws TOO_MANY_STREAMS. */
  open(credentials: Credentials, principal: Principal): OpenStream;
}

interface Reader {
  readonly credentials: Credentials;
  readonly principal: Principal;
  readonly streams: Set<AbortController>;
}

/** Credentials are looked at anew this often, once for all streams that they opened. */
const CHECK_MS = 2_000;

export function createOpenStreams(authentication: Authentication, maxStreams: number): OpenStreams {
  const readers = new Map<string, Reader>();
  let isChecking = false;

  /** Until no stream is left. */
  async function keepChecking(): Promise<void> {
    if (isChecking) return;
    isChecking = true;
    while (readers.size > 0) {
      await sleep(CHECK_MS, undefined, { ref: false });
      await Promise.all([...readers].map(([key, reader]) => check(key, reader)));
    }
    isChecking = false;
  }

  async function check(key: string, { credentials, principal, streams }: Reader): Promise<void> {
    const ended = await reasonToEnd(credentials, principal);
    if (!ended) return;
    readers.delete(key);
    for (const stream of streams) stream.abort(ended);
  }

  async function reasonToEnd(
    credentials: Credentials,
    principal: Principal,
  ): Promise<DomainError | undefined> {
    try {
      const now = await authentication.authenticate(credentials);
      return isDeepStrictEqual(now, principal) ? undefined : rightsChanged();
    } catch (error) {
      const isRefused = error instanceof DomainError && error.reason === 'UNAUTHENTICATED';
      // Whatever else fails, such as the store, says nothing of the credentials; the next check may.
      return isRefused ? credentialsEnded() : undefined;
    }
  }

  return {
    open(credentials, principal) {
      const key = `${principal.name} ${principal.credentialId}`;
      const reader = readers.get(key) ?? { credentials, principal, streams: new Set() };
      if (reader.streams.size >= maxStreams) throw tooManyStreams(maxStreams);
      const stream = new AbortController();
      reader.streams.add(stream);
      readers.set(key, reader);
      void keepChecking();
      return {
        signal: stream.signal,
        close() {
          reader.streams.delete(stream);
          if (reader.streams.size === 0 && readers.get(key) === reader) readers.delete(key);
        },
      };
    },
  };
}

function credentialsEnded(): DomainError {
  return new DomainError(
    'UNAUTHENTICATED',
    'The stream has ended: the token that it was opened with was revoked or has expired.',
  );
}

function rightsChanged(): DomainError {
  return new DomainError(
    'PERMISSION_DENIED',
    'The stream has ended: what its caller may do was changed. Open it again.',
  );
}

function tooManyStreams(maxStreams: number): DomainError {
  return new DomainError(
    'TOO_MANY_STREAMS',
    `One caller may have ${maxStreams} streams open: close some, or use another token.`,
    { metadata: { maxStreams: String(maxStreams) } },
  );
}
