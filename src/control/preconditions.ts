import { createHash } from 'node:crypto';
import { DomainError } from '../domain/errors.js';
import type { StoredResource } from '../store/store.js';
import type { WriteOptions } from './control.js';

/** Strong entity tag of a resource at a revision. */
export function etagOf(revision: number): string {
  return `"${revision}"`;
}

/** Strong entity tag of several resources: changes when any of them does, deletions included. */
export function treeEtag(resources: readonly Pick<StoredResource, 'path' | 'revision'>[]): string {
  let text = '';
  for (const { path, revision } of resources) text += `${path} ${revision}\n`;
  return `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`;
}

interface Preconditions extends Pick<WriteOptions, 'ifMatch' | 'onlyCreate'> {
  /** `etag` of the request's body. */
  readonly bodyEtag?: string | undefined;
}

/**
 * RFC 9110, 13.1: rejects ETAG_MISMATCH when the resource is not what the caller says it is. Must run inside the
 * transaction of the write. `current` is undefined when there is no such resource.
 */
export function checkPreconditions(path: string, current: string | undefined, wanted: Preconditions): void {
  const { ifMatch, bodyEtag, onlyCreate } = wanted;
  if (onlyCreate && current !== undefined) {
    throw mismatch(path, current, 'If-None-Match: * wants a new resource, and it exists already');
  }
  if (ifMatch !== undefined && !matches(ifMatch, current)) {
    throw mismatch(path, current, `If-Match wants ${ifMatch}`);
  }
  if (bodyEtag !== undefined && !matches(bodyEtag, current)) {
    throw mismatch(path, current, `the field etag wants ${bodyEtag}`);
  }
}

/** Strong comparison: a weak tag never matches. */
function matches(wanted: string, current: string | undefined): boolean {
  if (current === undefined) return false;
  return wanted.trim() === '*' || wanted.split(',').some((tag) => tag.trim() === current);
}

function mismatch(path: string, current: string | undefined, why: string): DomainError {
  const state = current === undefined ? 'does not exist' : `is at ${current}`;
  return new DomainError('ETAG_MISMATCH', `${why}; ${path} ${state}. Read it again and decide anew.`, {
    metadata: { resource: path, ...(current !== undefined && { etag: current }) },
  });
}
