/** The difference between two definitions of a cluster: for machines as JSON Patch, and to be read. */
import { createPatch } from 'rfc6902';
import { type FieldChange, fieldChanges } from './field-changes.js';
import type { Definition } from './schema/definition.js';
import type { PatchOperation } from './schema/history.js';

/** null: there is no such cluster. */
export type MaybeDefinition = Definition | null;

export function definitionPatch(before: MaybeDefinition, after: MaybeDefinition): PatchOperation[] {
  return createPatch(before, after) as PatchOperation[]; // without a diff function of ours it moves and tests nothing
}

interface Difference {
  /** Below the cluster: `virtual-services/http`; "" for the cluster itself. */
  readonly resource: string;
  readonly type: 'created' | 'changed' | 'deleted';
  readonly fields: readonly FieldChange[];
}

const MARKS = { created: '+', changed: '~', deleted: '-' } as const;

/** One block for each resource that differs: `+` there now, `-` gone, `~` its fields as they were and are. Ends with a newline. */
export function definitionDiffText(before: MaybeDefinition, after: MaybeDefinition): string {
  const differences = differencesOf(before, after);
  if (differences.length === 0) return 'No difference.\n';
  return `${differences.flatMap(linesOf).join('\n')}\n`;
}

function linesOf({ resource, type, fields }: Difference): string[] {
  const heading = `${MARKS[type]} ${resource === '' ? 'the cluster' : resource}`;
  return type === 'deleted' ? [heading] : [heading, ...fields.map((field) => `    ${fieldLine(field)}`)];
}

function fieldLine({ field, before, after }: FieldChange): string {
  if (before === undefined) return `${field}: ${JSON.stringify(after)}`;
  if (after === undefined) return `${field}: ${JSON.stringify(before)} -> (none)`;
  return `${field}: ${JSON.stringify(before)} -> ${JSON.stringify(after)}`;
}

function differencesOf(before: MaybeDefinition, after: MaybeDefinition): Difference[] {
  const [a, b] = [resourcesOf(before), resourcesOf(after)];
  const paths = [...new Set([...a.keys(), ...b.keys()])].sort();
  return paths.flatMap((resource) => {
    const [old, now] = [a.get(resource), b.get(resource)];
    const fields = fieldChanges(old ?? null, now ?? null);
    const type = old === undefined ? 'created' : now === undefined ? 'deleted' : 'changed';
    return fields.length === 0 && type === 'changed' ? [] : [{ resource, type, fields } as const];
  });
}

/** Labels and spec of each resource, by its path below the cluster. */
function resourcesOf(definition: MaybeDefinition): Map<string, object> {
  const found = new Map<string, object>();
  if (definition === null) return found;
  const { virtualServices, ...cluster } = definition;
  found.set('', cluster);
  for (const [name, { realServers, ...service }] of Object.entries(virtualServices)) {
    const path = `virtual-services/${name}`;
    found.set(path, service);
    for (const [serverName, server] of Object.entries(realServers)) {
      found.set(`${path}/real-servers/${serverName}`, server);
    }
  }
  return found;
}
