import canonicalize from 'canonicalize';

/** The one spelling of a JSON value (RFC 8785): members sorted, no white space. Members that are undefined are left out. */
export function canonicalJson(value: object): string {
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError('not a JSON value');
  return text;
}
