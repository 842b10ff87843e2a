/** Tokens (JWT) of OpenID Connect issuers: discovered, verified with the issuer's published keys, mapped to grants. */
import { createHash } from 'node:crypto';
import { createRemoteJWKSet, decodeJwt, errors, type JWTPayload, jwtVerify, type RemoteJWKSet } from 'jose';
import { CredentialRefused } from '../control/access/credential-refused.js';
import type { Principal, TokenIssuers } from '../control/control.js';
import { DomainError } from '../domain/errors.js';
import { claimAt, grantsOf } from './claims.js';
import { type IssuerPolicy, isSafeUrl } from './policy.js';

interface Dependencies {
  readonly policies: readonly IssuerPolicy[];
  readonly now: () => Date;
  /** How long after fetching keys an unknown one does not lead to fetching them again; default 5 s. */
  readonly cooldownMs?: number;
}

/** With a public key only: `none` and the HMAC algorithms would let anybody who knows that key sign. */
const ALGORITHMS = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
];
const CLOCK_TOLERANCE_SECONDS = 30;
const FETCH_LIMIT_MS = 5_000;
/** Keys are fetched again after this time, so that one that the issuer withdraws ends. */
const KEYS_LIFE_MS = 600_000;
/** A verified token is believed without looking at its signature again for so long, and never beyond its end. */
const VERIFIED_LIFE_MS = 300_000;
const MAX_VERIFIED = 10_000;

export function createIssuers({ policies, now, cooldownMs = 5_000 }: Dependencies): TokenIssuers {
  const keys = new Map(policies.map(({ issuer }) => [issuer, createKeys(issuer, cooldownMs)]));
  const verified = new Map<string, { readonly principal: Principal; readonly until: number }>();

  async function verify(token: string): Promise<{ principal: Principal; until: number }> {
    const policy = policyOf(token, policies);
    refuseExpired(token, now());
    const keySet = await keys.get(policy.issuer)?.();
    if (!keySet) throw unavailable(policy);
    try {
      const { payload } = await jwtVerify(token, keySet, {
        issuer: policy.issuer,
        audience: policy.audience,
        algorithms: ALGORITHMS,
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
        requiredClaims: ['exp', 'sub'],
        currentDate: now(),
      });
      const end = ((payload.exp ?? 0) + CLOCK_TOLERANCE_SECONDS) * 1000;
      return {
        principal: principalOf(payload, policy),
        until: Math.min(end, now().getTime() + VERIFIED_LIFE_MS),
      };
    } catch (error) {
      throw refusalOf(error, policy);
    }
  }

  return {
    async verify(token) {
      const key = createHash('sha256').update(token).digest('base64');
      const known = verified.get(key);
      if (known && known.until > now().getTime()) return known.principal;
      const fresh = await verify(token);
      if (verified.size >= MAX_VERIFIED) verified.clear();
      verified.set(key, fresh);
      return fresh.principal;
    },
  };
}

/** Discovers at the first use, and again at every use until it has succeeded; undefined: the issuer is out of reach. */
function createKeys(issuer: string, cooldownDuration: number): () => Promise<RemoteJWKSet | undefined> {
  let found: Promise<RemoteJWKSet> | undefined;
  return async () => {
    found ??= discover(issuer, cooldownDuration);
    try {
      return await found;
    } catch {
      found = undefined;
      return undefined;
    }
  };
}

async function discover(issuer: string, cooldownDuration: number): Promise<RemoteJWKSet> {
  const response = await fetch(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, {
    redirect: 'error',
    signal: AbortSignal.timeout(FETCH_LIMIT_MS),
  });
  const { issuer: named, jwks_uri: keys } = (await response.json()) as {
    issuer?: unknown;
    jwks_uri?: unknown;
  };
  if (named !== issuer) throw new Error(`the discovery document is of ${String(named)}`);
  if (typeof keys !== 'string' || !isSafeUrl(keys)) throw new Error('jwks_uri is no https URL');
  return createRemoteJWKSet(new URL(keys), {
    timeoutDuration: FETCH_LIMIT_MS,
    cooldownDuration,
    cacheMaxAge: KEYS_LIFE_MS,
  });
}

/** By a claim that nobody has verified yet: it only chooses whose keys to verify with. */
function policyOf(token: string, policies: readonly IssuerPolicy[]): IssuerPolicy {
  const { iss } = decoded(token);
  const policy = policies.find(({ issuer }) => issuer === iss);
  if (policy) return policy;
  throw new CredentialRefused(`its issuer ${JSON.stringify(iss ?? null)} is none that this server trusts`);
}

/** Whatever the signature: a token that has ended is not kept alive by an issuer that cannot be asked. */
function refuseExpired(token: string, now: Date): void {
  const { exp = Number.POSITIVE_INFINITY } = decoded(token);
  if ((exp + CLOCK_TOLERANCE_SECONDS) * 1000 <= now.getTime()) throw new CredentialRefused('it has expired');
}

function decoded(token: string): JWTPayload {
  try {
    return decodeJwt(token);
  } catch {
    throw new CredentialRefused('it is no JSON Web Token');
  }
}

function principalOf(
  payload: JWTPayload,
  { name, issuer, principalClaim = 'sub', grants: rules }: IssuerPolicy,
): Principal {
  const own = claimAt(payload, principalClaim);
  if (typeof own !== 'string' || !PRINCIPAL.test(own)) {
    throw new CredentialRefused(`its claim ${principalClaim} names no principal`);
  }
  return {
    name: `${name}:${own}`,
    credentialId: `${issuer}#${String(payload.sub)}`,
    grants: grantsOf(payload, rules),
  };
}

const PRINCIPAL = /^[^\p{Cc}]{1,200}$/u;

function refusalOf(error: unknown, policy: IssuerPolicy): Error {
  if (error instanceof CredentialRefused) return error;
  if (error instanceof errors.JWTExpired) return new CredentialRefused('it has expired');
  if (error instanceof errors.JWTClaimValidationFailed)
    return new CredentialRefused(claimFault(error, policy));
  if (error instanceof errors.JOSEAlgNotAllowed) return new CredentialRefused('its algorithm is not allowed');
  if (error instanceof errors.JWKSNoMatchingKey) {
    return new CredentialRefused(`${policy.issuer} has not published the key that it is signed with`);
  }
  if (error instanceof errors.JWSSignatureVerificationFailed)
    return new CredentialRefused('its signature is wrong');
  if (error instanceof errors.JWTInvalid || error instanceof errors.JWSInvalid) {
    return new CredentialRefused('it is no valid JSON Web Token');
  }
  return unavailable(policy);
}

function claimFault({ claim }: errors.JWTClaimValidationFailed, { audience }: IssuerPolicy): string {
  if (claim === 'aud') return `its audience is not ${audience}`;
  return claim === 'nbf' ? 'it is not valid yet' : `its claim ${claim} is missing or wrong`;
}

function unavailable({ issuer }: IssuerPolicy): DomainError {
  return new DomainError(
    'ISSUER_UNAVAILABLE',
    `The keys of ${issuer} cannot be read now, so its tokens cannot be verified: try again, or use a token of lvsd.`,
    { metadata: { issuer } },
  );
}
