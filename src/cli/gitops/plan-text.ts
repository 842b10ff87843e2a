/** Plans for people and for programs. */
import { namesOf, pathOf } from '../../domain/names.js';
import { operationsText, SIGNS } from '../import-report.js';
import type { Plan } from './plan.js';

type Change = Plan['changes'][number];

export function isEmpty({ changes }: Plan): boolean {
  return changes.length === 0;
}

export function planJson({ changes, operations }: Plan): object {
  return { summary: summaryOf(changes), changes, operations };
}

/** By cluster, a line for each resource with its fields below, and a line that sums up. */
export function planText(plan: Plan, options: { readonly operations: boolean }): string {
  if (isEmpty(plan)) return 'Nothing to change: the server is as the files say.';
  const lines: string[] = [];
  let cluster = '';
  for (const change of plan.changes) {
    const { project, cluster: name = '' } = namesOf(change.resource);
    const path = pathOf({ project, cluster: name });
    if (path !== cluster) lines.push(path);
    cluster = path;
    const below = change.resource.slice(path.length + 1) || 'the cluster itself';
    lines.push(`  ${SIGNS[change.type]} ${below}`, ...fieldLines(change).map((line) => `      ${line}`));
  }
  if (options.operations) {
    lines.push('Kernel operations', ...plan.operations.map(({ command, key }) => `  ${command} ${key}`));
  }
  const { create, update, delete: gone } = summaryOf(plan.changes);
  lines.push(`Plan: ${create} to create, ${update} to change, ${gone} to delete; ${operationsText(plan)}.`);
  return lines.join('\n');
}

function summaryOf(changes: readonly Change[]): Record<Change['type'], number> {
  const count = (type: Change['type']) => changes.filter((change) => change.type === type).length;
  return { create: count('create'), update: count('update'), delete: count('delete') };
}

/** `weight: 3 → 5` of what changes, `weight: 3` of what is new; nothing of what goes. */
function fieldLines({ type, before, after }: Change): string[] {
  if (type === 'delete') return [];
  const [was, is] = [flat(before), flat(after)];
  return [...new Set([...was.keys(), ...is.keys()])]
    .filter((field) => was.get(field) !== is.get(field))
    .map((field) => {
      const now = is.get(field) ?? 'none';
      return type === 'create' ? `${field}: ${now}` : `${field}: ${was.get(field) ?? 'none'} → ${now}`;
    });
}

/** Fields of the spec as `persistence.timeoutSeconds`, labels as `labels.team`; what is empty or null is none. */
function flat(snapshot: Change['before']): Map<string, string> {
  const fields = new Map<string, string>();
  const visit = (prefix: string, value: unknown) => {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      for (const [name, inner] of Object.entries(value)) visit(prefix ? `${prefix}.${name}` : name, inner);
    } else if (value !== null && value !== '' && !(Array.isArray(value) && value.length === 0)) {
      fields.set(prefix, JSON.stringify(value));
    }
  };
  visit('', snapshot?.spec ?? {});
  visit('labels', snapshot?.labels ?? {});
  return fields;
}
