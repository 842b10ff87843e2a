import { DomainError, type Violation } from '../../domain/errors.js';
import type { Call } from '../control.js';
import { OPERATIONS, type OperationName, type Role } from '../operations.js';
import { type Grant, highestRole, reaches, roleIn } from './grants.js';

/** What an operation needs, where that depends on more than its name. */
interface Need {
  /** The project that the call is about; an operation on the whole server may be limited to one. */
  readonly project?: string;
  /** A project that the call is about, where a role in it is not enough; for who has none in it, it does not exist. */
  readonly known?: string;
  /** A role other than the operation's own. */
  readonly role?: Role;
}

/** A call that the caller's role does not allow. What the caller may learn is the error; the rest is for the audit log. */
export class CallDenied extends DomainError {
  readonly operation: OperationName;
  /** What it was about, as far as known and the caller's business: a path, or "". */
  readonly resource: string;
  /** Why, in words for the audit log. */
  readonly why: string;

  constructor(
    error: DomainError,
    { operation, resource, why }: Pick<CallDenied, 'operation' | 'resource' | 'why'>,
  ) {
    super(error.reason, error.message, { metadata: error.metadata, violations: error.violations });
    this.operation = operation;
    this.resource = resource;
    this.why = why;
  }

  /** The same, with the parts of the request that it is about. */
  pointingAt(violations: readonly Violation[]): CallDenied {
    const { reason, message, metadata } = this;
    return new CallDenied(new DomainError(reason, message, { metadata, violations }), this);
  }
}

/**
 * Throws CallDenied: PERMISSION_DENIED when none of the caller's grants reaches far enough. A project that the caller has
 * no role in does not exist for it: PROJECT_NOT_FOUND.
 */
export function authorise({ principal, attempt }: Call, operation: OperationName, need: Need = {}): void {
  const { role, scope } = OPERATIONS[operation];
  const { name, grants } = principal;
  const about = need.project ?? need.known;
  const resource = about === undefined ? '' : `projects/${about}`;
  const actual = scope === 'anywhere' ? highestRole(grants) : roleIn(grants, need.project ?? null);
  const isHidden = scope === 'project' || need.known !== undefined;
  if (about !== undefined && isHidden && roleIn(grants, about) === undefined) {
    // not among the project's own events: its people are not to learn whose the caller is
    const why = `${name} has no role in project ${about}`;
    throw new CallDenied(projectNotFound(about), { operation, resource: '', why });
  }
  const needed = need.role ?? role;
  if (reaches(actual, needed)) {
    attempt?.needs.push({ operation, ...limitedTo(need) });
    return;
  }
  const why =
    actual === undefined
      ? `it concerns the whole server, and ${name} is ${listOf(grants)}`
      : `it needs the role ${needed}, and ${name} is ${actual}`;
  throw new CallDenied(denied(operation, why), { operation, resource, why });
}

/** Without what else callers hand over together with it. */
function limitedTo({ project, known, role }: Need): Need {
  return {
    ...(project !== undefined && { project }),
    ...(known !== undefined && { known }),
    ...(role !== undefined && { role }),
  };
}

function listOf(grants: readonly Grant[]): string {
  return grants.map(({ role, project }) => `${role} of project ${project}`).join(', ') || 'nobody here';
}

export function projectNotFound(project: string): DomainError {
  return new DomainError('PROJECT_NOT_FOUND', `There is no project "${project}".`, { metadata: { project } });
}

function denied(operation: OperationName, why: string): DomainError {
  return new DomainError('PERMISSION_DENIED', `${operation} is not allowed: ${why}.`, {
    metadata: { operation },
  });
}
