/** API tokens: 256 random bits, of which the store keeps only a hash. Every change of them is an audit event. */
import { createHash, randomBytes } from 'node:crypto';
import Type from 'typebox';
import { DomainError, violationError } from '../domain/errors.js';
import { childPath, nameOf, pathOf } from '../domain/names.js';
import { closed, Name } from '../domain/schema/common.js';
import { TokenSpec } from '../domain/schema/token.js';
import { createValidator } from '../domain/validate.js';
import type { Store, StoredResource, WriteContext } from '../store/store.js';

export interface Token extends TokenSpec {
  readonly name: string;
  /** Its path in the store and in audit events: what stands for the secret. */
  readonly credentialId: string;
  /** RFC 3339, UTC. */
  readonly createTime: string;
  readonly expired: boolean;
}

export interface Tokens {
  /**
   * The secret is in the answer and nowhere else. Rejects NAME_TAKEN, PROJECT_NOT_FOUND, and what is wrong with a field;
   * `expireTime` may have any offset and must be in the future. `secret` is one of `createSecret`.
   */
  create(
    context: WriteContext,
    request: TokenSpec & { readonly name: string },
    secret?: string,
  ): Promise<{ readonly token: Token; readonly secret: string }>;
  /** By name. */
  list(): Token[];
  /** From the next call on nobody can use it. Rejects TOKEN_NOT_FOUND. */
  revoke(context: WriteContext, name: string): Promise<void>;
  /** The token that this is the secret of, even when it has expired. */
  find(secret: string): Token | undefined;
}

/** Makes a leaked token easy to recognise, for people and for scanners of source code. */
const PREFIX = 'lvsd_';

export function createSecret(): string {
  return PREFIX + randomBytes(32).toString('base64url');
}

export function createTokens({ store, now }: { store: Store; now: () => Date }): Tokens {
  const tokenOf = (resource: StoredResource): Token => {
    const spec = resource.spec as TokenSpec;
    return {
      name: nameOf(resource.path),
      credentialId: resource.path,
      ...spec,
      createTime: resource.createTime,
      expired: spec.expireTime !== null && Date.parse(spec.expireTime) <= now().getTime(),
    };
  };

  return {
    async create(context, request, secret = createSecret()) {
      const { name, role, project, expireTime } = validate(request);
      const path = tokenPath(name);
      const spec: TokenSpec = { role, project, expireTime: futureTime(expireTime, now()) };
      const { value } = await store.write(context, (tx) => {
        if (tx.resource(path)) throw nameTaken(name);
        if (project !== null && !tx.resource(pathOf({ project }))) throw projectNotFound(project);
        const resource = tx.put({ kind: 'token', path, labels: {}, spec });
        tx.putCredential(hashOf(secret), path);
        return resource;
      });
      return { token: tokenOf(value), secret };
    },

    list: () =>
      store
        .read((reader) => reader.resources({ kind: 'token', parent: '', limit: Number.MAX_SAFE_INTEGER }))
        .map(tokenOf),

    async revoke(context, name) {
      const path = tokenPath(name);
      await store.write(context, (tx) => {
        if (!tx.resource(path)) throw notFound(name);
        tx.remove(path);
      });
    },

    find(secret) {
      const owner = store.read((reader) => reader.credentialOwner(hashOf(secret)));
      return owner && tokenOf(owner);
    },
  };
}

const validate = createValidator(Type.Object({ name: Name, ...TokenSpec.properties }, closed));

function tokenPath(name: string): string {
  return childPath('', 'token', name);
}

function hashOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

/** RFC 3339 with any offset; stored in UTC. */
function futureTime(text: string | null, now: Date): string | null {
  if (text === null) return null;
  const time = TIME.test(text) ? Date.parse(text) : Number.NaN;
  if (time > now.getTime()) return new Date(time).toISOString();
  const fault = Number.isNaN(time)
    ? 'must be an RFC 3339 time such as 2027-01-31T12:00:00Z'
    : 'is in the past';
  const detail = `expireTime ${fault}.`;
  throw violationError([{ reason: 'FIELD_INVALID', pointer: '/expireTime', detail }]);
}

const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;

function nameTaken(name: string): DomainError {
  return new DomainError(
    'NAME_TAKEN',
    `There is a token ${name} already: choose another name, or revoke it first.`,
  );
}

function projectNotFound(project: string): DomainError {
  return new DomainError('PROJECT_NOT_FOUND', `There is no project ${project}.`, { metadata: { project } });
}

function notFound(name: string): DomainError {
  return new DomainError('TOKEN_NOT_FOUND', `There is no token ${name}.`, { metadata: { token: name } });
}
