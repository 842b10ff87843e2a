import { DomainError } from '../domain/errors.js';
import type { Call } from './control.js';
import { OPERATIONS, type OperationName, ROLES, type Role } from './operations.js';

/** What an operation needs, where that depends on more than its name. */
interface Need {
  /** The project that the call is about; an operation on the whole server may be limited to one. */
  readonly project?: string;
  /** A role other than the operation's own. */
  readonly role?: Role;
}

/** A call that the caller's role does not allow. What the caller may learn is the error; the rest is for the audit log. */
export class CallDenied extends DomainError {
  readonly operation: OperationName;
  /** What it was about, as far as known: a path, or "". */
  readonly resource: string;
  /** Why, in words for the audit log. */
  readonly why: string;

  constructor(
    error: DomainError,
    { operation, resource, why }: Pick<CallDenied, 'operation' | 'resource' | 'why'>,
  ) {
    super(error.reason, error.message, { metadata: error.metadata });
    this.operation = operation;
    this.resource = resource;
    this.why = why;
  }
}

/**
 * Throws CallDenied: PERMISSION_DENIED when the caller's role is too low or bound elsewhere. A project that the caller has
 * no role in does not exist for it: PROJECT_NOT_FOUND.
 */
export function authorise({ principal }: Call, operation: OperationName, need: Need = {}): void {
  const { role, scope } = OPERATIONS[operation];
  const { name, project: bound } = principal;
  const resource = need.project === undefined ? '' : `projects/${need.project}`;
  if (bound !== null && scope === 'project' && need.project !== bound) {
    const why = `${name} is bound to project ${bound}`;
    throw new CallDenied(projectNotFound(need.project ?? ''), { operation, resource, why });
  }
  const needed = need.role ?? role;
  const isBoundElsewhere = bound !== null && scope === 'server' && need.project !== bound;
  const why = isBoundElsewhere
    ? `it concerns the whole server, and ${name} is bound to project ${bound}`
    : `it needs the role ${needed}, and ${name} is ${principal.role}`;
  if (isBoundElsewhere || ROLES.indexOf(principal.role) < ROLES.indexOf(needed)) {
    throw new CallDenied(denied(operation, why), { operation, resource, why });
  }
}

export function projectNotFound(project: string): DomainError {
  return new DomainError('PROJECT_NOT_FOUND', `There is no project "${project}".`, { metadata: { project } });
}

function denied(operation: OperationName, why: string): DomainError {
  return new DomainError('PERMISSION_DENIED', `${operation} is not allowed: ${why}.`, {
    metadata: { operation },
  });
}
