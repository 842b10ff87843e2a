import type { DirectorOperation } from '../domain/director-operation.js';
import type { EntryOperation } from '../domain/entry.js';
import type { Preview } from '../domain/schema/preview.js';
import type { Committed, StoredResource, WriteContext } from '../store/store.js';
import { grantText } from './access/grants.js';
import type { Call } from './control.js';
import type { OperationName } from './operations.js';

export function writeContext(call: Call, action: OperationName): WriteContext {
  const { principal, transport, sourceAddress, requestId, reason, attempt } = call;
  return {
    actor: {
      principal: principal.name,
      credentialId: principal.credentialId,
      roles: principal.grants.map(grantText),
    },
    transport,
    sourceAddress,
    requestId,
    reason,
    action,
    ...(attempt && { answerKey: { principal: attempt.principal, key: attempt.key } }),
  };
}

interface Previewed extends Pick<Committed<unknown>, 'changes'> {
  readonly operations: readonly (EntryOperation | DirectorOperation)[];
}

export function previewOf({ changes, operations }: Previewed): Preview {
  return {
    validateOnly: true,
    changes: changes.map(({ path, before, after }) => ({
      type: before === null ? 'create' : after === null ? 'delete' : 'update',
      resource: path,
      before: before && snapshot(before),
      after: after && snapshot(after),
    })),
    operations: operations.map(unanswered),
  };
}

function snapshot({ labels, spec }: StoredResource): Record<string, unknown> {
  return { labels, spec };
}

/** An operation that the kernel has not been told. */
export function unanswered(operation: EntryOperation | DirectorOperation): Preview['operations'][number] {
  const { command, key } = operation;
  return {
    command,
    key,
    ...('config' in operation && { config: { ...operation.config } }),
    errno: null,
    errnoName: null,
  };
}
