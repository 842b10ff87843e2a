/** The message of a change-set has a field for the spec of each kind, where the body of REST has one `spec`. */
import { DomainError } from '../../domain/errors.js';
import type { Json } from '../convert/from-message.js';
import type { CreateChangeSetRequest } from '../gen/lvsd/v1/definition_service_pb.js';

/** As the body of REST. */
export function changeSetBody({ changes = [], maxDeletions }: Json): object {
  return {
    changes: (changes as readonly Json[]).map(changeBody),
    ...(maxDeletions !== undefined && { maxDeletions }),
  };
}

/** Fields that say nothing are absent, as they would be in JSON. */
function changeBody({ put, delete: deletion, ifMatch, onlyCreate, ...rest }: Json): object {
  return {
    ...rest,
    ...(put !== undefined && { put: putBody(put as Json) }),
    ...(deletion !== undefined && { delete: deletion }),
    ...(ifMatch !== '' && { ifMatch }),
    ...(onlyCreate === true && { onlyCreate }),
  };
}

/** What is not of the kind that the path names stays, and is refused as unknown. */
function putBody(put: Json): object {
  const field = specField(String(put.resource));
  const { [field]: spec, ...rest } = put;
  return { ...rest, ...(spec !== undefined && { spec }) };
}

function specField(resource: string): 'cluster' | 'virtualService' | 'realServer' {
  if (resource.includes('/real-servers/')) return 'realServer';
  return resource.includes('/virtual-services/') ? 'virtualService' : 'cluster';
}

/** Has violations point to the field of the message that stands for `spec`. */
export function pointBelowSpecs({ changes }: CreateChangeSetRequest): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof DomainError) || error.violations.length === 0) throw error;
    const violations = error.violations.map((one) => ({
      ...one,
      pointer: one.pointer.replace(/^\/changes\/(\d+)\/put\/spec/, (_, index: string) => {
        const { put } = changes[Number(index)] ?? {};
        return `/changes/${index}/put/${specField(put?.resource ?? '')}`;
      }),
    }));
    throw new DomainError(error.reason, error.message, {
      metadata: error.metadata,
      violations,
      cause: error,
    });
  };
}
