import { DomainError } from './errors.js';
import type { Labels } from './schema/common.js';

interface Filterable {
  readonly path: string;
  readonly labels: Labels;
  readonly spec: unknown;
}

const TERM = /^(name|labels\.[^=!]+|spec(?:\.[A-Za-z]+)+)(!?=)(.*)$/;

/**
 * Reads a filter: comma-separated terms, all of which must hold. A term is FIELD=VALUE or FIELD!=VALUE; fields are `name`,
 * `labels.KEY` and `spec.FIELD[.FIELD…]`; values are compared as text, an absent field equals the empty text.
 */
export function parseFilter(filter: string): (resource: Filterable) => boolean {
  const tests = filter.split(',').map((term) => {
    const [, field, operator, value] = TERM.exec(term.trim()) ?? [];
    if (field === undefined) {
      throw new DomainError(
        'FILTER_INVALID',
        `Cannot read the filter term "${term.trim()}": write name=…, labels.KEY=… or spec.FIELD=… (or !=), separated by commas.`,
        { metadata: { term: term.trim() } },
      );
    }
    return (resource: Filterable) => (fieldText(resource, field) === value) === (operator === '=');
  });
  return (resource) => tests.every((test) => test(resource));
}

function fieldText(resource: Filterable, field: string): string {
  if (field === 'name') return resource.path.slice(resource.path.lastIndexOf('/') + 1);
  const { labels, spec } = resource;
  if (field.startsWith('labels.')) return ownText(labels, field.slice('labels.'.length));
  return ownText({ spec }, ...field.split('.'));
}

/** Of own members only: no label is called `constructor` unless somebody named it so. */
function ownText(root: object, ...segments: string[]): string {
  let value: unknown = root;
  for (const segment of segments) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, segment)) return '';
    value = (value as Record<string, unknown>)[segment];
  }
  if (value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
