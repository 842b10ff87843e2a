/** The access file: whom, besides the bearers of lvsd's own tokens, the server lets in, and what for. */
import { readFileSync } from 'node:fs';
import Type, { type Static } from 'typebox';
import { ConfigError } from '../config.js';
import { DomainError } from '../domain/errors.js';
import { closed, Name } from '../domain/schema/common.js';
import { ROLES } from '../domain/schema/token.js';
import { createValidator } from '../domain/validate.js';

const granted = {
  role: Type.Enum(ROLES, { type: 'string' }),
  /** Absent: the whole server. */
  project: Type.Optional(Name),
};
const text = Type.String({ minLength: 1, maxLength: 512 });

const ClaimGrant = Type.Object({ claim: text, value: text, ...granted }, closed);
export type ClaimGrant = Static<typeof ClaimGrant>;

const IssuerPolicy = Type.Object(
  {
    /** Goes before the names of its principals, so that they pass for nobody else. */
    name: Name,
    /** As the claim `iss` has it; discovery is below it. */
    issuer: text,
    audience: text,
    /** Claim that names the principal; default `sub`. */
    principalClaim: Type.Optional(text),
    grants: Type.Array(ClaimGrant, { minItems: 1, maxItems: 1000 }),
  },
  closed,
);
export type IssuerPolicy = Static<typeof IssuerPolicy>;

/** `identity` is one of the names in a client certificate: `CN=ci`, `DNS:ci.example.net`, `URI:spiffe://…`, `email:…`. */
const CertificateGrant = Type.Object(
  { identity: Type.String({ pattern: '^(CN=|DNS:|URI:|email:|IP Address:).', maxLength: 512 }), ...granted },
  closed,
);
export type CertificateGrant = Static<typeof CertificateGrant>;

const AccessPolicy = Type.Object(
  {
    issuers: Type.Optional(Type.Array(IssuerPolicy, { maxItems: 16 })),
    clientCertificates: Type.Optional(Type.Array(CertificateGrant, { maxItems: 10_000 })),
  },
  closed,
);

export interface AccessPolicy {
  readonly issuers: readonly IssuerPolicy[];
  readonly clientCertificates: readonly CertificateGrant[];
}

const validate = createValidator(AccessPolicy);

/** Null: only lvsd's own tokens. Throws ConfigError, naming file, field and remedy. */
export function readAccessPolicy(file: string | null): AccessPolicy {
  if (file === null) return { issuers: [], clientCertificates: [] };
  try {
    const { issuers = [], clientCertificates = [] } = validate(JSON.parse(readFileSync(file, 'utf8')));
    for (const [index, { issuer }] of issuers.entries()) {
      if (!isSafeUrl(issuer))
        throw new Error(`issuers/${index}/issuer must be an https URL (http only for loopback).`);
    }
    refuseTwice(issuers.map(({ name }) => name));
    refuseTwice(issuers.map(({ issuer }) => issuer));
    return { issuers, clientCertificates };
  } catch (cause) {
    throw new ConfigError(`The access file ${file} cannot be used: ${explanation(cause)}`, { cause });
  }
}

function explanation(cause: unknown): string {
  if (cause instanceof DomainError) {
    return cause.violations.map(({ pointer, detail }) => `${pointer}: ${detail}`).join(' ');
  }
  return cause instanceof Error ? cause.message : String(cause);
}

function refuseTwice(values: readonly string[]): void {
  const twice = values.find((value, index) => values.indexOf(value) !== index);
  if (twice !== undefined)
    throw new Error(`"${twice}" is there twice: each issuer has a name and a URL of its own.`);
}

/** Keys that come in clear could be anybody's. */
export function isSafeUrl(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname } = new URL(url);
  return (
    protocol === 'https:' ||
    (protocol === 'http:' && /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname))
  );
}
