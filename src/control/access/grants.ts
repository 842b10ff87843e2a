/** What a principal may do, and where. */
import { ROLES, type Role } from '../../domain/schema/token.js';
import type { Call } from '../control.js';

/** A role, in one project or (null) on the whole server with every project. */
export interface Grant {
  readonly role: Role;
  readonly project: string | null;
}

/** The highest role that the grants give in a project, or (null) on the whole server; undefined: none. */
export function roleIn(grants: readonly Grant[], project: string | null): Role | undefined {
  return highestRole(grants.filter((grant) => grant.project === null || grant.project === project));
}

/** Whatever project it is in. */
export function highestRole(grants: readonly Grant[]): Role | undefined {
  return ROLES.findLast((role) => grants.some((grant) => grant.role === role));
}

export function reaches(role: Role | undefined, needed: Role): boolean {
  return role !== undefined && ROLES.indexOf(role) >= ROLES.indexOf(needed);
}

/** The projects that the caller may know of. Lists that span projects leave the others out. */
export function visibleProjects({
  principal: { grants },
}: Pick<Call, 'principal'>): 'all' | ReadonlySet<string> {
  const projects = grants.map(({ project }) => project);
  return projects.includes(null) ? 'all' : new Set(projects.filter((project) => project !== null));
}

/** As audit events name it: `editor` on the whole server, `editor@shop` in project shop. */
export function grantText({ role, project }: Grant): string {
  return project === null ? role : `${role}@${project}`;
}
