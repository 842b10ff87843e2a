/** Values that mean something, by the name of the field they stand in: from the examples of the document, and from answers. */
import { documentedOperations } from '../documented-answers.js';

export type Scalar = string | number | boolean;

/** What the examples of the OpenAPI document have under each name, wherever it stands. */
export const exampleValues = collectExamples();

function collectExamples(): ReadonlyMap<string, readonly Scalar[]> {
  const found = new Map<string, Set<Scalar>>();
  const note = (name: string, value: Scalar) => found.set(name, (found.get(name) ?? new Set()).add(value));
  for (const { operation } of documentedOperations) {
    for (const { name, example } of operation.parameters ?? []) {
      if (example === undefined) continue;
      note(name, example);
      note('name', example);
    }
    for (const { content = {} } of [operation.requestBody ?? {}, ...Object.values(operation.responses)]) {
      for (const { example } of Object.values(content)) walk(example, '', note);
    }
  }
  return new Map([...found].map(([name, values]) => [name, [...values]]));
}

function walk(value: unknown, name: string, note: (name: string, value: Scalar) => void): void {
  if (Array.isArray(value)) for (const item of value.slice(0, 20)) walk(item, name, note);
  else if (typeof value === 'object' && value !== null) {
    for (const [key, member] of Object.entries(value).slice(0, 50)) walk(member, key, note);
  } else if (isScalar(value)) note(name, value);
}

function isScalar(value: unknown): value is Scalar {
  return ['string', 'number', 'boolean'].includes(typeof value);
}

const KEPT = 30;

/**
 * The latest values of answers, by name. A generated request is decided before it is sent, so it holds a mark,
 * `$seen(etag,7)`, in place of a value that only the server can know.
 */
export interface Seen {
  note(body: unknown): void;
  /** The value with what has been seen in place of the marks. */
  resolve<T>(value: T): T;
}

export function seenMark(name: string, pick: number): string {
  return `$seen(${name},${pick})`;
}

export function createSeen(): Seen {
  const values = new Map<string, Scalar[]>();

  function valueAt(mark: string): Scalar {
    const [, name = '', pick = '0'] = /^\$seen\((.*),(\d+)\)$/.exec(mark) ?? [];
    // Identities of what was made are called name or id.
    const known =
      [name, 'name', 'id'].map((one) => values.get(one) ?? []).find((one) => one.length > 0) ?? [];
    return known[Number(pick) % known.length] ?? mark;
  }

  function resolve(value: unknown): unknown {
    if (typeof value === 'string') return value.startsWith('$seen(') ? valueAt(value) : value;
    if (Array.isArray(value)) return value.map(resolve);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, resolve(member)]));
  }

  return {
    note(body) {
      walk(body, '', (name, value) => {
        if (String(value).length > 4096) return;
        const kept = values.get(name) ?? [];
        values.set(name, kept);
        if (kept.length < KEPT) kept.push(value);
        else kept[Math.floor(Math.random() * KEPT)] = value;
        if (name === 'nextPageToken' && value !== '') values.set('pageToken', [value]);
      });
    },
    resolve: (value) => resolve(value) as typeof value,
  };
}
