import { addressBytes, canonicalAddress } from '../../domain/address.js';
import { DomainError } from '../../domain/errors.js';
import type { Admission, Authentication, Principal } from '../control.js';
import { createOpenStreams } from './open-streams.js';
import { createRateLimiter, type RateLimit } from './rate-limiter.js';

interface Dependencies {
  readonly authentication: Authentication;
  /** Null: no limit. */
  readonly rateLimit: RateLimit | null;
  /** Streams that one principal may have open at a time. */
  readonly maxStreams: number;
}

/** Calls that a failed authentication counts as. */
const FAILURE_CALLS = 10;

/** Credentials that are remembered to be good; beyond it, they have to prove it again. */
const MAX_PROVEN = 10_000;

/**
 * A source whose quota is spent on failures is turned away whatever it brings, so that a right guess is not told from a wrong
 * one. Credentials that were good before are let in all the same: behind one address, others are not locked out.
 */
export function createAdmission({ authentication, rateLimit, maxStreams }: Dependencies): Admission {
  const limiter = createRateLimiter(rateLimit);
  const streams = createOpenStreams(authentication, maxStreams);
  const proven = new Set<string>();

  async function prove({ credentialId }: Principal, sourceAddress: string | null): Promise<void> {
    if (proven.has(credentialId)) return;
    await limiter.check(sourceKey(sourceAddress));
    if (proven.size >= MAX_PROVEN) proven.clear();
    proven.add(credentialId);
  }

  return {
    async admit(credentials) {
      const { sourceAddress } = credentials;
      const principal = await authentication.authenticate(credentials).catch(async (error) => {
        if (isUnauthenticated(error)) await limiter.take(sourceKey(sourceAddress), FAILURE_CALLS);
        throw error;
      });
      await prove(principal, sourceAddress);
      return { principal, allowance: await limiter.take(principalKey(principal)) };
    },
    admitAnonymous: (sourceAddress) => limiter.take(sourceKey(sourceAddress)),
    openStream: streams.open,
  };
}

/** A person with two credentials has two quotas: what one of them runs wild with does not stop the other. */
function principalKey({ name, credentialId }: Principal): string {
  return `principal ${name} ${credentialId}`;
}

/** An IPv6 host has a /64 of addresses to call from. */
function sourceKey(sourceAddress: string | null): string {
  // An IPv4 address that arrived on an IPv6 socket has a prefix of the mapping.
  const address = canonicalAddress(sourceAddress?.replace(/^::ffff:(?=\d+\.)/i, '') ?? '');
  if (address === undefined) return 'source unknown';
  const bytes = addressBytes(address);
  return `source ${bytes.slice(0, bytes.length === 16 ? 8 : 4).join('.')}`;
}

function isUnauthenticated(error: unknown): boolean {
  return error instanceof DomainError && error.reason === 'UNAUTHENTICATED';
}
