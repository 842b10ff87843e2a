/** Plans and what became of them, for people and for programs. */
import type { Import } from '../domain/schema/import.js';

type Change = Import['changes'][number];

export const SIGNS = { create: '+', update: '~', delete: '-' } as const;

export interface PlanReport {
  readonly cluster: string;
  readonly state: Import['state'];
  /** Paths of resources. */
  readonly created: readonly string[];
  readonly changed: readonly string[];
  readonly deleted: readonly string[];
  readonly kernelOperations: number;
}

export function reportOf(done: Import): PlanReport {
  return {
    cluster: done.cluster,
    state: done.state,
    created: resources(done, 'create'),
    changed: resources(done, 'update'),
    deleted: resources(done, 'delete'),
    kernelOperations: done.operations.length,
  };
}

export function isEmpty({ changes }: Import): boolean {
  return changes.length === 0;
}

export function deletedBy(plan: Import): string[] {
  return resources(plan, 'delete');
}

/** A line that sums up, and one for each resource: `+` created, `~` changed (the fields), `-` deleted. */
export function planText(plan: Import): string {
  const { created, changed, deleted } = reportOf(plan);
  const sum = `${created.length} to create, ${changed.length} to change, ${deleted.length} to delete`;
  return [
    `Cluster ${plan.cluster}: ${isEmpty(plan) ? 'nothing to change' : sum}; ${operationsText(plan)}.`,
    ...plan.changes.map((change) => `  ${SIGNS[change.type]} ${change.resource}${fieldsText(change)}`),
  ].join('\n');
}

/** `3 kernel operations (1 NEW_SERVICE, 2 NEW_DEST)`. */
export function operationsText({ operations }: Pick<Import, 'operations'>): string {
  if (operations.length === 0) return 'no kernel operations';
  const counts = new Map<string, number>();
  for (const { command } of operations) counts.set(command, (counts.get(command) ?? 0) + 1);
  const commands = [...counts].map(([command, count]) => `${count} ${command}`).join(', ');
  return `${operations.length} kernel ${operations.length === 1 ? 'operation' : 'operations'} (${commands})`;
}

function fieldsText({ type, before, after }: Change): string {
  if (type !== 'update') return '';
  const [was, is] = [fieldsOf(before), fieldsOf(after)];
  const names = [...new Set([...Object.keys(was), ...Object.keys(is)])];
  const changed = names.filter((name) => JSON.stringify(was[name]) !== JSON.stringify(is[name]));
  return ` (${changed.join(', ')})`;
}

/** Labels count as one field beside those of the spec. */
function fieldsOf(snapshot: Change['before']): Record<string, unknown> {
  return { ...(snapshot?.spec as object | undefined), labels: snapshot?.labels };
}

function resources({ changes }: Import, type: Change['type']): string[] {
  return changes.filter((change) => change.type === type).map(({ resource }) => resource);
}
