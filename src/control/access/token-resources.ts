/** Tokens as callers manage them: those of the whole server, and those of one project. */
import type { Store } from '../../store/store.js';
import type { Call, TokenResources } from '../control.js';
import { withoutReadOnly } from '../definitions/body.js';
import type { OperationName } from '../operations.js';
import { keepAnswer } from '../retries/kept-answers.js';
import { previewOf, writeContext } from '../write-context.js';
import { authorise } from './authorise.js';
import { createTokens, type Project } from './tokens.js';

const OF_SERVER = {
  list: 'listTokens',
  get: 'getToken',
  create: 'createToken',
  delete: 'deleteToken',
} as const;

const OF_PROJECT = {
  list: 'listProjectTokens',
  get: 'getProjectToken',
  create: 'createProjectToken',
  delete: 'deleteProjectToken',
} as const;

/**
 * Nobody hands out more than he has: only an administrator makes tokens, and those that one of a project makes are good in
 * that project.
 */
export function createTokenResources({ store, now }: { store: Store; now: () => Date }): TokenResources {
  const tokens = createTokens({ store, now });

  function authorised(call: Call, project: Project, method: keyof typeof OF_SERVER): OperationName {
    const operation = (project === null ? OF_SERVER : OF_PROJECT)[method];
    authorise(call, operation, project === null ? {} : { project });
    return operation;
  }

  return {
    async list(call, project, query) {
      authorised(call, project, 'list');
      return tokens.list(project, query);
    },

    async get(call, project, name) {
      authorised(call, project, 'get');
      return tokens.get(project, name);
    },

    async create(call, project, body, options) {
      const context = writeContext(call, authorised(call, project, 'create'));
      const { value, changes } = await tokens.create(context, project, withoutReadOnly(body), {
        ...options,
        atEnd: (tx, resource) => keepAnswer(call, tx, { resource, created: true, pending: false }),
      });
      if (options.validateOnly) return { preview: previewOf({ changes, operations: [] }) };
      return { resource: value, created: true, pending: false };
    },

    async delete(call, project, name, options) {
      const context = writeContext(call, authorised(call, project, 'delete'));
      const { changes } = await tokens.revoke(context, project, name, {
        ...options,
        atEnd: (tx) => keepAnswer(call, tx, { pending: false }),
      });
      if (options.validateOnly) return { preview: previewOf({ changes, operations: [] }) };
      return { pending: false };
    },
  };
}
