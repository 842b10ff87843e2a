import { DomainError } from '../domain/errors.js';
import type { Token } from '../domain/schema/token.js';
import type { Store } from '../store/store.js';
import type { Authentication, Credentials } from './control.js';
import { createDenials } from './denials.js';
import { createTokens, credentialIdOf } from './tokens.js';

/** Authentication by API tokens. Looks every call up in the store, so that a revoked token ends at once. */
export function createAuthentication({ store, now }: { store: Store; now: () => Date }): Authentication {
  const tokens = createTokens({ store, now });
  const denials = createDenials(store);

  async function turnAway(credentials: Credentials, why: string, expired?: Token): Promise<void> {
    const { transport, sourceAddress, requestId, action } = credentials;
    const actor = {
      principal: expired ? principalName(expired) : 'anonymous',
      credentialId: expired ? credentialIdOf(expired) : null,
      roles: [],
    };
    await denials.record({
      context: { actor, transport, sourceAddress, requestId, reason: null, action },
      resource: expired ? credentialIdOf(expired) : '',
      detail: why,
    });
  }

  return {
    async authenticate(credentials) {
      const { token: secret } = credentials;
      if (secret === undefined) {
        await turnAway(credentials, 'The call carried no token.');
        throw new DomainError('UNAUTHENTICATED', NO_TOKEN);
      }
      const token = tokens.find(secret);
      if (token === undefined) {
        await turnAway(credentials, 'The token is not known, or was revoked.');
        throw new DomainError('UNAUTHENTICATED', BAD_TOKEN);
      }
      if (token.status.state === 'expired') {
        await turnAway(credentials, `The token expired at ${token.spec.expireTime}.`, token);
        throw new DomainError('UNAUTHENTICATED', BAD_TOKEN);
      }
      const { project, spec } = token;
      return {
        name: principalName(token),
        credentialId: credentialIdOf(token),
        grants: [{ role: spec.role, project }],
      };
    },
  };
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
