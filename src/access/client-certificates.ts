/** Clients that prove themselves with a certificate, mapped to grants by the names in it. */

import { CredentialRefused } from '../control/access/credential-refused.js';
import type { CertificateHolders } from '../control/control.js';
import type { CertificateGrant } from './policy.js';

interface Dependencies {
  readonly rules: readonly CertificateGrant[];
  readonly now: () => Date;
}

export function createCertificateHolders({ rules, now }: Dependencies): CertificateHolders {
  return {
    principalOf({ names, fingerprint, expireTime }) {
      const [name] = names;
      if (name === undefined) throw new CredentialRefused('it names nobody');
      // The handshake has looked at the time; a connection may outlive it.
      if (Date.parse(expireTime) <= now().getTime()) throw new CredentialRefused('it has expired');
      return {
        name: `certificate:${name.replace(/^[^=:]+[=:]/, '')}`,
        credentialId: `certificate ${fingerprint}`,
        grants: rules
          .filter(({ identity }) => names.includes(identity))
          .map(({ role, project = null }) => ({ role, project })),
      };
    },
  };
}
