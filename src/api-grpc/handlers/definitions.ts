import type { Control } from '../../control/control.js';
import { DomainError } from '../../domain/errors.js';
import type { DefinitionService } from '../gen/lvsd/v1/definition_service_pb.js';
import type { Methods } from '../methods.js';
import { parentNames, writeOptions } from './answers.js';
import { changeSetBody, pointBelowSpecs } from './change-set.js';

export function definitionMethods({
  definitions,
  changeSets,
  imports,
}: Control): Methods<typeof DefinitionService> {
  return {
    async getDefinition(request, { call }) {
      const { revision } = request;
      const options = revision === undefined ? {} : { revision: Number(revision) };
      return definitions.get(call, parentNames(request), options);
    },
    async replaceDefinition(request, { call, json }) {
      const body = json.definition ?? {};
      const { maxDeletions } = request;
      const options = { ...writeOptions(request), ...(maxDeletions !== undefined && { maxDeletions }) };
      const answer = await definitions
        .replace(call, parentNames(request), body, options)
        .catch(pointBelowDefinition);
      if ('preview' in answer) return { preview: answer.preview };
      return { ...answer.resource, created: answer.created, pending: answer.pending };
    },
    async createChangeSet(request, { call, json }) {
      return changeSets
        .create(call, changeSetBody(json), writeOptions(request))
        .catch(pointBelowSpecs(request));
    },
    async createImport(request, { call, json }) {
      const given = ['project', 'cluster', 'format', 'files', 'apply', 'prune'].filter(
        (field) => json[field],
      );
      const body = Object.fromEntries(given.map((field) => [field, json[field]]));
      return { import: await imports.create(call, body, writeOptions(request)) };
    },
  };
}

/** The document is the body of REST's PUT, but one field of the message here. */
function pointBelowDefinition(error: unknown): never {
  if (!(error instanceof DomainError) || error.violations.length === 0) throw error;
  throw new DomainError(error.reason, error.message, {
    metadata: error.metadata,
    violations: error.violations.map((one) => ({ ...one, pointer: `/definition${one.pointer}` })),
    cause: error,
  });
}
