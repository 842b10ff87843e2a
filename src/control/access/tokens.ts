/**
 * API tokens: 256 random bits, of which the store keeps only a hash. Every change of them is an audit event. A token lives
 * in the one project that it is good for, and goes with it, or at the root: then it is good for the whole server.
 */
import { createHash, randomBytes } from 'node:crypto';
import { DomainError, violationError } from '../../domain/errors.js';
import { parseFilter } from '../../domain/filter.js';
import { childPath, nameOf, parentPath, pathOf } from '../../domain/names.js';
import { type Token, TokenInput, type TokenSpec } from '../../domain/schema/token.js';
import { createValidator } from '../../domain/validate.js';
import type { Committed, Store, StoredResource, Transaction, WriteContext } from '../../store/store.js';
import type { DeleteOptions, ListQuery, Page, WriteOptions } from '../control.js';
import { requireAncestors } from '../definitions/resources.js';
import { decodePageToken, pageOf, pageSizeOf } from '../page.js';
import { checkPreconditions, etagOf } from '../preconditions.js';

/** null: the tokens of the whole server. */
export type Project = string | null;

interface Watched<T extends unknown[] = []> {
  /** Runs at the end of the write's transaction. */
  readonly atEnd?: (tx: Transaction, ...result: T) => void;
}

export interface CreateOptions extends Pick<WriteOptions, 'validateOnly'>, Watched<[Token]> {
  /** One of `createSecret`; default: a new one. */
  readonly secret?: string;
}

/** With `validateOnly`, the writes below only say what they would change. */
export interface Tokens {
  /**
   * `body` is a TokenInput. The secret is in the answer and nowhere else. Rejects NAME_TAKEN, PROJECT_NOT_FOUND, and what
   * is wrong with a field.
   */
  create(
    context: WriteContext,
    project: Project,
    body: unknown,
    options?: CreateOptions,
  ): Promise<Committed<Token & { readonly secret: string }>>;
  list(project: Project, query?: ListQuery): Page<Token>;
  /** Rejects TOKEN_NOT_FOUND, PROJECT_NOT_FOUND. */
  get(project: Project, name: string): Token;
  /** From the next call on nobody can use it. Rejects as `get` does, and ETAG_MISMATCH. */
  revoke(
    context: WriteContext,
    project: Project,
    name: string,
    options?: Pick<DeleteOptions, 'validateOnly' | 'ifMatch' | 'allowMissing'> & Watched,
  ): Promise<Committed<void>>;
  /** The token that this is the secret of, even when it has expired. */
  find(secret: string): Token | undefined;
}

/** Makes a leaked token easy to recognise, for people and for scanners of source code. */
const PREFIX = 'lvsd_';

export function createSecret(): string {
  return PREFIX + randomBytes(32).toString('base64url');
}

/** The path of a token: what stands for the secret in the store and in audit events. */
export function credentialIdOf({ name, project }: Pick<Token, 'name' | 'project'>): string {
  return childPath(rootOf(project), 'token', name);
}

export function createTokens({ store, now }: { store: Store; now: () => Date }): Tokens {
  const tokenOf = (resource: StoredResource): Token => {
    const { path, labels, revision, createTime, updateTime } = resource;
    const spec = resource.spec as TokenSpec;
    const isExpired = spec.expireTime !== null && Date.parse(spec.expireTime) <= now().getTime();
    return {
      name: nameOf(path),
      project: projectOf(path),
      labels,
      spec,
      status: { state: isExpired ? 'expired' : 'active' },
      revision,
      etag: etagOf(revision),
      createTime,
      updateTime,
    };
  };

  return {
    async create(context, project, body, { secret = createSecret(), validateOnly = false, atEnd } = {}) {
      const { name, labels = {}, spec } = validate(body) as TokenInput;
      const { role, expireTime = null } = spec as GivenSpec;
      const stored: TokenSpec = { role, expireTime: futureTime(expireTime, now()) };
      const path = credentialIdOf({ name, project });
      return store.write(
        context,
        (tx) => {
          requireAncestors(tx, rootOf(project));
          if (tx.resource(path)) throw nameTaken(name);
          const resource = tx.put({ kind: 'token', path, labels, spec: stored });
          tx.putCredential(hashOf(secret), path);
          const token = tokenOf(resource);
          atEnd?.(tx, token);
          return { ...token, secret };
        },
        { dryRun: validateOnly },
      );
    },

    list(project, { pageSize, pageToken, filter = '' } = {}) {
      const size = pageSizeOf(pageSize);
      const parent = rootOf(project);
      const query = ['token', parent, filter];
      const where = filter ? parseFilter(filter) : undefined;
      const after = decodePageToken(query, pageToken);
      return store.read((reader) => {
        requireAncestors(reader, parent);
        const found = reader.resources({
          kind: 'token',
          parent,
          limit: size + 1,
          ...(after && { after }),
          ...(where && { where }),
        });
        return pageOf(found, { size, query, position: ({ path }) => nameOf(path), present: tokenOf });
      });
    },

    get(project, name) {
      return store.read((reader) => {
        requireAncestors(reader, rootOf(project));
        return tokenOf(reader.resource(credentialIdOf({ name, project })) ?? notFound(name));
      });
    },

    async revoke(context, project, name, { ifMatch, allowMissing, validateOnly = false, atEnd } = {}) {
      const path = credentialIdOf({ name, project });
      return store.write(
        context,
        (tx) => {
          const token = tx.resource(path);
          if (!token && !allowMissing) {
            requireAncestors(tx, rootOf(project));
            notFound(name);
          }
          checkPreconditions(path, token && etagOf(token.revision), ifMatch === undefined ? {} : { ifMatch });
          if (token) tx.remove(path);
          atEnd?.(tx);
        },
        { dryRun: validateOnly },
      );
    },

    find(secret) {
      const owner = store.read((reader) => reader.credentialOwner(hashOf(secret)));
      return owner && tokenOf(owner);
    },
  };
}

const validate = createValidator(TokenInput);

type GivenSpec = Pick<TokenSpec, 'role'> & Partial<TokenSpec>;

function rootOf(project: Project): string {
  return project === null ? '' : pathOf({ project });
}

function projectOf(path: string): Project {
  const root = parentPath(path);
  return root === '' ? null : nameOf(root);
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
  throw violationError([{ reason: 'FIELD_INVALID', pointer: '/spec/expireTime', detail }]);
}

const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;

function nameTaken(name: string): DomainError {
  return new DomainError(
    'NAME_TAKEN',
    `There is a token ${name} already: choose another name, or revoke it first.`,
  );
}

function notFound(name: string): never {
  throw new DomainError('TOKEN_NOT_FOUND', `There is no token ${name}.`, { metadata: { token: name } });
}
