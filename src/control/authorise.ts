import { DomainError } from '../domain/errors.js';
import type { Call } from './control.js';
import { OPERATIONS, type OperationName, ROLES, type Role } from './operations.js';

/** What an operation needs, where that depends on more than its name. */
interface Need {
  /** The project that the call is about. */
  readonly project?: string;
  /** A role other than the operation's own. */
  readonly role?: Role;
}

/**
 * Rejects PERMISSION_DENIED when the caller's role is too low or bound elsewhere. A project that the caller has no role
 * in does not exist for it: PROJECT_NOT_FOUND.
 */
export function authorise({ principal }: Call, operation: OperationName, need: Need = {}): void {
  const { role, scope } = OPERATIONS[operation];
  const bound = principal.project;
  if (bound !== null && scope === 'project' && need.project !== bound)
    throw projectNotFound(need.project ?? '');
  if (bound !== null && scope === 'server') {
    throw denied(
      operation,
      `it concerns the whole server, and ${principal.name} is bound to project ${bound}`,
    );
  }
  const needed = need.role ?? role;
  if (ROLES.indexOf(principal.role) < ROLES.indexOf(needed)) {
    throw denied(operation, `it needs the role ${needed}, and ${principal.name} is ${principal.role}`);
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
