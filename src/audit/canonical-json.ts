import canonicalize from 'canonicalize';
import { type Violation, violationError } from '../domain/errors.js';

/**
 * The one spelling of a JSON value (RFC 8785): members sorted, no white space; members that are undefined are left out.
 * Rejects FIELD_INVALID for text that UTF-8 cannot hold, which JSON's escapes can smuggle in.
 */
export function canonicalJson(value: object): string {
  try {
    return canonicalize(value) as string; // undefined only for what is no object
  } catch (error) {
    if (holdsHalfPair(value)) throw violationError([HALF_PAIR]);
    throw error;
  }
}

const HALF_PAIR: Violation = {
  reason: 'FIELD_INVALID',
  pointer: '',
  detail: 'A text holds half of a surrogate pair (\\ud800 to \\udfff), which is no character: remove it.',
};

function holdsHalfPair(value: unknown): boolean {
  if (typeof value === 'string') return /\p{Surrogate}/u.test(value);
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some((member) => member.some(holdsHalfPair));
}
