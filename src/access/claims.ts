/** What the claims of a token say, by the rules of its issuer. */
import type { Grant } from '../control/access/grants.js';
import type { ClaimGrant } from './policy.js';

type Claims = Readonly<Record<string, unknown>>;

/** A claim by its name, or by the way to it through objects: `realm_access.roles`. */
export function claimAt(claims: Claims, path: string): unknown {
  if (Object.hasOwn(claims, path)) return claims[path];
  let value: unknown = claims;
  for (const member of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, member)) return undefined;
    value = (value as Claims)[member];
  }
  return value;
}

/** Of all rules that hold: the claim is the value, or a list that has it. */
export function grantsOf(claims: Claims, rules: readonly ClaimGrant[]): Grant[] {
  return rules
    .filter(({ claim, value }) => {
      const found = claimAt(claims, claim);
      return Array.isArray(found) ? found.includes(value) : found === value;
    })
    .map(({ role, project = null }) => ({ role, project }));
}
