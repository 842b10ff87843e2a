import type { Call } from '../control.js';
import type { OperationName } from '../operations.js';
import { authorise } from './authorise.js';
import { visibleProjects } from './grants.js';

/**
 * The projects to which what the caller asked for is limited; undefined: not at all, nor to what belongs to any. Who may
 * see some projects need not name them. Throws CallDenied when it names another one, or may see none.
 */
export function audienceOf(
  call: Call,
  operation: OperationName,
  { project, resource = '' }: { readonly project?: string; readonly resource?: string },
): readonly string[] | undefined {
  const visible = visibleProjects(call);
  const named = project ?? projectOf(resource);
  if (named !== undefined) authorise(call, operation, { project: named });
  else if (visible === 'all' || visible.size === 0) authorise(call, operation);
  if (project !== undefined) return [project];
  return visible === 'all' ? undefined : [...visible];
}

/** The project that a path leads to or into. */
function projectOf(resource: string): string | undefined {
  return /^projects\/([^/]+)/.exec(resource)?.[1];
}
