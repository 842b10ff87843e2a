import { DomainError } from '../../domain/errors.js';
import type { Actor } from '../../domain/schema/audit-event.js';
import type { Token } from '../../domain/schema/token.js';
import type { Store } from '../../store/store.js';
import type {
  Authentication,
  CertificateHolders,
  ClientCertificate,
  Credentials,
  Principal,
  TokenIssuers,
} from '../control.js';
import { CredentialRefused } from './credential-refused.js';
import { createDenials } from './denials.js';
import { createTokens, credentialIdOf } from './tokens.js';

interface Dependencies {
  readonly store: Store;
  readonly now: () => Date;
  /** Absent: lvsd knows only the tokens that it has made. */
  readonly issuers?: TokenIssuers | undefined;
  /** Absent: certificates of clients prove nobody. */
  readonly holders?: CertificateHolders | undefined;
}

/**
 * Authentication by tokens, or by the certificate of the client where there is no token. Those that lvsd has made are looked up in the store at every call, so that a revoked one ends at
 * once; what looks like a JWT is for its issuer to vouch for.
 */
export function createAuthentication({ store, now, issuers, holders }: Dependencies): Authentication {
  const tokens = createTokens({ store, now });
  const denials = createDenials(store);

  async function turnAway(credentials: Credentials, detail: string, actor: Actor = ANONYMOUS): Promise<void> {
    const { transport, sourceAddress, requestId, action } = credentials;
    await denials.record({
      context: { actor, transport, sourceAddress, requestId, reason: null, action },
      resource: isTokenPath(actor.credentialId) ? actor.credentialId : '',
      detail,
    });
  }

  async function ofStore(credentials: Credentials, secret: string): Promise<Principal> {
    const token = tokens.find(secret);
    if (token === undefined) {
      await turnAway(credentials, 'The token is not known, or was revoked.');
      throw new DomainError('UNAUTHENTICATED', BAD_TOKEN);
    }
    const name = principalName(token);
    const credentialId = credentialIdOf(token);
    if (token.status.state === 'expired') {
      const actor = { principal: name, credentialId, roles: [] };
      await turnAway(credentials, `The token expired at ${token.spec.expireTime}.`, actor);
      throw new DomainError('UNAUTHENTICATED', BAD_TOKEN);
    }
    return { name, credentialId, grants: [{ role: token.spec.role, project: token.project }] };
  }

  async function ofIssuer(
    trusted: TokenIssuers,
    credentials: Credentials,
    token: string,
  ): Promise<Principal> {
    const principal = await trusted.verify(token).catch(async (error) => {
      if (!(error instanceof CredentialRefused)) throw error;
      await turnAway(credentials, `The token was refused: ${error.message}.`);
      throw new DomainError('UNAUTHENTICATED', `The token was refused: ${error.message}. Get another one.`);
    });
    return withGrants(credentials, principal);
  }

  async function ofCertificate(
    known: CertificateHolders,
    credentials: Credentials,
    certificate: ClientCertificate,
  ): Promise<Principal> {
    try {
      return await withGrants(credentials, known.principalOf(certificate));
    } catch (error) {
      if (!(error instanceof CredentialRefused)) throw error;
      await turnAway(credentials, `The client certificate was refused: ${error.message}.`);
      throw new DomainError('UNAUTHENTICATED', `The client certificate was refused: ${error.message}.`);
    }
  }

  async function withGrants(credentials: Credentials, principal: Principal): Promise<Principal> {
    if (principal.grants.length > 0) return principal;
    const { name, credentialId } = principal;
    const why = `${name} is known, but nothing gives it a role here`;
    await turnAway(credentials, `${why}.`, { principal: name, credentialId, roles: [] });
    throw new DomainError('PERMISSION_DENIED', `${why}: ask the administrator for a role.`);
  }

  return {
    async authenticate(credentials) {
      const { token, certificate } = credentials;
      if (token === undefined && certificate && holders)
        return ofCertificate(holders, credentials, certificate);
      if (token === undefined) {
        await turnAway(credentials, 'The call carried no token.');
        throw new DomainError('UNAUTHENTICATED', NO_TOKEN);
      }
      return issuers && JWT.test(token) ? ofIssuer(issuers, credentials, token) : ofStore(credentials, token);
    },
  };
}

const ANONYMOUS: Actor = { principal: 'anonymous', credentialId: null, roles: [] };

/** Header, payload and signature; lvsd's own tokens have no dots. */
const JWT = /^[\w-]+\.[\w-]+\.[\w-]*$/;

/** Of lvsd's own tokens the event is about the token itself. */
function isTokenPath(credentialId: string | null): credentialId is string {
  return credentialId !== null && /^(projects\/[^/]+\/)?tokens\//.test(credentialId);
}

/** A project chooses the names of its own tokens: they must not pass for those of others. */
function principalName({ name, project }: Token): string {
  return project === null ? name : `${project}/${name}`;
}

const NO_TOKEN =
  'The call carries no token: send it as "Authorization: Bearer TOKEN". The first token is in the file admin-token of ' +
  "the server's data directory.";

/** The same for all, so that nobody learns which tokens there were. */
const BAD_TOKEN =
  'The token is unknown, revoked or expired: use another, or have one made with "lvsd token create".';
