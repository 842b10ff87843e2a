/** API tokens: of the whole server, and of one project. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type, { type TObject } from 'typebox';
import { credentialIdOf } from '../../control/access/tokens.js';
import type { Control } from '../../control/control.js';
import type { OperationName } from '../../control/operations.js';
import type { Reason } from '../../domain/errors.js';
import { closed } from '../../domain/schema/common.js';
import { Preview } from '../../domain/schema/preview.js';
import { Token, TokenInput } from '../../domain/schema/token.js';
import { PREVIEW, TOKEN, type TokenExamples } from '../examples.js';
import { BODY_PROBLEMS, CALL_PROBLEMS, JSON_TYPE, json, operation, WRITE_PROBLEMS } from '../operation.js';
import {
  ChangeHeaders,
  CreateHeaders,
  ListQuery,
  NoPath,
  NoQuery,
  ProjectPath,
  ProjectTokenPath,
  ReadHeaders,
  RemoveQuery,
  TokenPath,
  WriteQuery,
} from '../parameters.js';
import { sendDeleted, sendTagged, sendWritten } from '../reply.js';
import { callOf, writeOptions } from '../request.js';
import { ETAG_HEADER, LOCATION_HEADER } from './resource-kind.js';

const TokenPage = Type.Object(
  { items: Type.Array(Token), nextPageToken: Type.String({ description: 'Empty on the last page.' }) },
  { ...closed, $id: 'TokenPage', description: 'One page of tokens.' },
);

interface Family {
  readonly operations: Readonly<Record<'list' | 'get' | 'create' | 'delete', OperationName>>;
  readonly collection: string;
  readonly parentPath: TObject;
  readonly path: TObject;
  readonly parentProblems: readonly Reason[];
  readonly examples: TokenExamples;
  /** For sentences. */
  readonly reach: string;
  readonly manager: string;
}

const OF_SERVER: Family = {
  operations: { list: 'listTokens', get: 'getToken', create: 'createToken', delete: 'deleteToken' },
  collection: '/v1/tokens',
  parentPath: NoPath,
  path: TokenPath,
  parentProblems: [],
  examples: TOKEN.ofServer,
  reach: 'the whole server',
  manager: 'an administrator of the whole server',
};

const OF_PROJECT: Family = {
  operations: {
    list: 'listProjectTokens',
    get: 'getProjectToken',
    create: 'createProjectToken',
    delete: 'deleteProjectToken',
  },
  collection: '/v1/projects/:project/tokens',
  parentPath: ProjectPath,
  path: ProjectTokenPath,
  parentProblems: ['PROJECT_NOT_FOUND'],
  examples: TOKEN.ofProject,
  reach: 'one project',
  manager: 'an administrator of the project',
};

function documentTokens({ operations, parentPath, path, parentProblems, examples, reach, manager }: Family) {
  const found: Reason[] = [...parentProblems, 'TOKEN_NOT_FOUND'];
  const token = { headers: ETAG_HEADER, content: json(Token, examples.token) };
  const preview = {
    description: 'With `validateOnly=true`: what would change.',
    content: json(Preview, PREVIEW),
  };
  return {
    list: operation({
      operationId: operations.list,
      tag: 'Access',
      summary: `List the tokens of ${reach}`,
      description: `The tokens that are good for ${reach}, in the order of their names, without their secrets. For ${manager}.`,
      params: parentPath,
      query: ListQuery,
      answers: {
        200: {
          description: 'One page.',
          content: json(TokenPage, { items: [examples.token], nextPageToken: '' }),
        },
      },
      problems: [...CALL_PROBLEMS, 'FILTER_INVALID', 'PAGE_TOKEN_INVALID', ...parentProblems],
    }),
    get: operation({
      operationId: operations.get,
      tag: 'Access',
      summary: `Get a token of ${reach}`,
      description: `What the token allows and when it expires; its secret is told only once. For ${manager}.`,
      params: path,
      query: NoQuery,
      headers: ReadHeaders,
      answers: {
        200: { description: 'The token.', ...token },
        304: { description: 'The entity tag in If-None-Match is the current one.' },
      },
      problems: [...CALL_PROBLEMS, ...found],
    }),
    create: operation({
      operationId: operations.create,
      tag: 'Access',
      summary: `Create a token for ${reach}`,
      description:
        `Makes a token whose bearer has the role in ${reach}. \`secret\` in the answer is what the bearer sends, and is told ` +
        `only here: lvsd keeps a hash. For ${manager}; nobody can hand out more than he has.`,
      params: parentPath,
      query: WriteQuery,
      headers: CreateHeaders,
      body: { types: [JSON_TYPE], schema: TokenInput, example: examples.create },
      answers: {
        200: preview,
        201: {
          description: 'Created. Keep `secret` now.',
          headers: { ...ETAG_HEADER, ...LOCATION_HEADER },
          content: json(Token, { ...examples.token, secret: TOKEN.secret }),
        },
      },
      problems: [...WRITE_PROBLEMS, ...BODY_PROBLEMS, 'NAME_TAKEN', ...parentProblems],
    }),
    delete: operation({
      operationId: operations.delete,
      tag: 'Access',
      summary: `Revoke a token of ${reach}`,
      description:
        'From the next call on its bearer is turned away; streams that it has open end within seconds. What it did stays in ' +
        `the audit log. For ${manager}.`,
      params: path,
      query: RemoveQuery,
      headers: ChangeHeaders,
      answers: { 200: preview, 204: { description: 'Revoked.' } },
      problems: [...WRITE_PROBLEMS, ...found],
    }),
  };
}

export const tokenRoutes: FastifyPluginAsyncTypebox<{ control: Control }> = async (
  app,
  { control: { tokens } },
) => {
  for (const family of [OF_SERVER, OF_PROJECT]) {
    const { collection } = family;
    const item = `${collection}/:token`;
    const documented = documentTokens(family);

    app.get(collection, { schema: documented.list }, (request) =>
      tokens.list(callOf(request), projectOf(request.params), request.query),
    );

    app.post(collection, { schema: documented.create }, async (request, reply) => {
      const { params, body } = request;
      const answer = await tokens.create(callOf(request), projectOf(params), body, writeOptions(request));
      return sendWritten(reply, answer, { location: (token) => `/v1/${credentialIdOf(token)}` });
    });

    app.get(item, { schema: documented.get }, async (request, reply) => {
      const token = await tokens.get(callOf(request), projectOf(request.params), nameOf(request.params));
      return sendTagged(request, reply, token.etag, token);
    });

    app.delete(item, { schema: documented.delete }, async (request, reply) => {
      const { params } = request;
      const options = writeOptions(request);
      return sendDeleted(
        reply,
        await tokens.delete(callOf(request), projectOf(params), nameOf(params), options),
      );
    });
  }
};

function projectOf(params: unknown): string | null {
  return (params as { readonly project?: string }).project ?? null;
}

function nameOf(params: unknown): string {
  return (params as { readonly token: string }).token;
}
