/** Who may send a change-set: an editor of every project that it names. */
import type { Violation } from '../../domain/errors.js';
import { authorise, CallDenied } from '../access/authorise.js';
import type { Call } from '../control.js';

/** Of a body that may be anything. Throws CallDenied that points to the first change of every project that is not the caller's. */
export function authoriseChanges(call: Call, body: unknown): void {
  const denials: CallDenied[] = [];
  const violations: Violation[] = [];
  for (const [project, pointer] of projectsOf(body)) {
    try {
      authorise(call, 'createChangeSet', { project });
    } catch (error) {
      if (!(error instanceof CallDenied)) throw error;
      denials.push(error);
      violations.push({ reason: error.reason, pointer, detail: error.message });
    }
  }
  if (denials[0]) throw denials[0].pointingAt(violations);
}

/** Those that its paths name, each with the first change that does; else the default. */
function projectsOf(body: unknown): Map<string, string> {
  const { changes } = (body ?? {}) as { changes?: unknown };
  const projects = new Map<string, string>();
  for (const [index, change] of (Array.isArray(changes) ? changes : []).entries()) {
    for (const part of Object.values((change ?? {}) as object)) {
      const { resource } = (part ?? {}) as { resource?: unknown };
      const project = typeof resource === 'string' ? /^projects\/([^/]+)/.exec(resource)?.[1] : undefined;
      if (project !== undefined && !projects.has(project)) projects.set(project, `/changes/${index}`);
    }
  }
  return projects.size > 0 ? projects : new Map([['default', '']]);
}
