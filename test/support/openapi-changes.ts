/**
 * What a new OpenAPI document takes away from clients of an old one. Additions are no change in this sense: operations,
 * optional parameters and fields, problems, and values of enumerations in answers. docs/versioning.md is the policy.
 */
import { schemaChanges } from './schema-changes.js';

type Json = Readonly<Record<string, unknown>>;

export interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components?: Json;
}

interface Operation {
  readonly operationId?: string;
  readonly security?: readonly object[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly required?: boolean; readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly content?: Content; readonly headers?: Json }>>;
}

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly schema: Json;
}

type Content = Readonly<Record<string, { readonly schema: Json }>>;

/** Each as a sentence that names the place; empty when every client of `released` works with `current`. */
export function breakingChanges(released: Document, current: Document): string[] {
  const changes: string[] = [];
  for (const [path, methods] of Object.entries(released.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const where = `${method.toUpperCase()} ${path}`;
      const now = current.paths[path]?.[method];
      if (!now) changes.push(`${where}: is gone`);
      else
        changes.push(
          ...operationChanges(operation, now, { released, current }).map((one) => `${where}: ${one}`),
        );
    }
  }
  return changes;
}

interface Documents {
  readonly released: Document;
  readonly current: Document;
}

function operationChanges(old: Operation, now: Operation, documents: Documents): string[] {
  const changes: string[] = [];
  if (old.operationId !== now.operationId) changes.push(`its operationId was ${old.operationId}`);
  if ((old.security ?? []).length === 0 && (now.security ?? []).length > 0)
    changes.push('it needs a token now');
  return [
    ...changes,
    ...parameterChanges(old.parameters ?? [], now.parameters ?? [], documents),
    ...bodyChanges(old, now, documents),
    ...answerChanges(old, now, documents),
  ];
}

function parameterChanges(
  old: readonly Parameter[],
  now: readonly Parameter[],
  documents: Documents,
): string[] {
  const label = (one: Parameter) => `${one.in} parameter ${one.name}`;
  const changes: string[] = [];
  for (const parameter of old) {
    const same = now.find((one) => label(one) === label(parameter));
    if (!same) changes.push(`${label(parameter)} is gone`);
    else
      changes.push(
        ...schemaChanges(parameter.schema, same.schema, {
          ...documents,
          direction: 'in',
          where: label(same),
        }),
      );
  }
  for (const parameter of now) {
    const before = old.find((one) => label(one) === label(parameter));
    if (parameter.required && !before?.required) changes.push(`${label(parameter)} is required now`);
  }
  return changes;
}

function bodyChanges(old: Operation, now: Operation, documents: Documents): string[] {
  const changes: string[] = [];
  if (now.requestBody?.required && !old.requestBody?.required) changes.push('it needs a body now');
  const content = now.requestBody?.content ?? {};
  for (const [type, { schema }] of Object.entries(old.requestBody?.content ?? {})) {
    const same = content[type];
    if (!same) changes.push(`bodies of ${type} are no longer taken`);
    else
      changes.push(
        ...schemaChanges(schema, same.schema, { ...documents, direction: 'in', where: 'the body' }),
      );
  }
  return changes;
}

function answerChanges(old: Operation, now: Operation, documents: Documents): string[] {
  const changes: string[] = [];
  for (const [status, { content = {}, headers = {} }] of Object.entries(old.responses)) {
    const same = now.responses[status];
    if (!same) {
      // a problem that no longer happens is nothing lost
      if (Number(status) < 400) changes.push(`the answer ${status} is gone`);
      continue;
    }
    for (const name of Object.keys(headers)) {
      if (!same.headers?.[name]) changes.push(`header ${name} of the answer ${status} is gone`);
    }
    for (const [type, { schema }] of Object.entries(content)) {
      const where = `the answer ${status}`;
      const media = same.content?.[type];
      if (!media) changes.push(`${where} is no longer there as ${type}`);
      else changes.push(...schemaChanges(schema, media.schema, { ...documents, direction: 'out', where }));
    }
  }
  return changes;
}
