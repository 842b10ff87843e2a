/** What no client in its right mind sends. */
import fc, { type Arbitrary } from 'fast-check';

const nested = (depth: number) => JSON.parse(`${'{"a":['.repeat(depth)}${']}'.repeat(depth)}`);

/** Text that has broken parsers, paths, logs and databases before. */
export const hostileText: Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    '',
    ' ',
    '\0',
    '..',
    '../../etc/passwd',
    '%2e%2e%2f',
    '%00',
    "' OR 1=1 --",
    '"',
    '\\',
    '*',
    '?',
    '#',
    'null',
    'undefined',
    'NaN',
    '-0',
    '1e999',
    '0x10',
    '９',
    '\ud800',
    '\u202e',
    '\ufeff',
    'A\u0301',
    '☃',
    '𝔘𝔫𝔦',
    '__proto__',
    'constructor',
    'toString',
    '{{7*7}}',
    '0.0.0.0',
    '255.255.255.255',
    '::',
    '::ffff:1.2.3.4',
    'fe80::1%eth0',
    '1.2.3',
    '010.0.0.1',
    '-1',
    '99999999999999999999',
    'W/"1"',
    '"1", "2"',
    'x'.repeat(300),
    'x'.repeat(5000),
  ),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: 'grapheme', maxLength: 70 }),
);

export const hostileValue: Arbitrary<unknown> = fc.oneof(
  hostileText,
  fc.constantFrom<unknown>(
    null,
    true,
    [],
    {},
    [null],
    [[[]]],
    { a: {} },
    -1,
    0,
    0.5,
    65536,
    2 ** 31,
    2 ** 32,
    2 ** 53,
    2 ** 63,
    -(2 ** 63),
    1e308,
    Number.MIN_VALUE,
    nested(3),
    nested(14),
    nested(40),
    Array.from({ length: 500 }, (_, n) => n),
    Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`k${n}`, n])),
  ),
  fc.jsonValue({ maxDepth: 3 }),
);

const hostileName = fc.oneof(
  fc.constantFrom('__proto__', 'constructor', 'prototype', 'hasOwnProperty', '$ref', '', ' ', 'id', 'status'),
  fc.string({ unit: 'grapheme', maxLength: 12 }),
);

/** The value with one thing in it replaced, added or taken away. */
export function mutated(values: Arbitrary<unknown>): Arbitrary<unknown> {
  const how = fc.constantFrom('replace', 'add', 'remove');
  return fc
    .tuple(values, fc.array(fc.nat(1000), { maxLength: 5 }), how, hostileName, hostileValue)
    .map(([value, steps, act, name, hostile]) => mutate(value, steps, { act, name, hostile }));
}

interface Mutation {
  readonly act: string;
  readonly name: string;
  readonly hostile: unknown;
}

function mutate(value: unknown, [step, ...steps]: readonly number[], mutation: Mutation): unknown {
  if (typeof value !== 'object' || value === null) return mutation.hostile;
  const entries = Object.entries(value);
  const { act, name, hostile } = mutation;
  let next: [string, unknown][];
  if (step === undefined || entries.length === 0) {
    if (act === 'replace') return hostile;
    next = [...entries, [name, hostile]];
  } else {
    const place = step % entries.length;
    next =
      steps.length === 0 && act === 'remove'
        ? entries.filter((_, index) => index !== place)
        : entries.map(([key, member], index) => [
            key,
            index === place ? mutate(member, steps, mutation) : member,
          ]);
  }
  if (Array.isArray(value)) return next.map(([, member]) => member);
  const copy: Record<string, unknown> = {};
  // as JSON.parse makes it: a member of its own, even when it is called __proto__
  for (const [key, member] of next) {
    Object.defineProperty(copy, key, { value: member, enumerable: true, configurable: true, writable: true });
  }
  return copy;
}

/** A JSON text made wrong as a text: cut, doubled, followed, too deep, of other bytes. */
export function brokenText(texts: Arbitrary<string>): Arbitrary<string> {
  return fc
    .tuple(texts, fc.nat(7), fc.nat(10_000), fc.string({ maxLength: 8 }))
    .map(([text, way, at, noise]) => {
      const place = text.length === 0 ? 0 : at % text.length;
      switch (way) {
        case 0:
          return text.slice(0, place);
        case 1:
          return text.slice(0, place) + noise + text.slice(place);
        case 2:
          return text.replace(/^\{("[^"]*":[^,{}[\]]*)/, '{$1,$1');
        case 3:
          return text + text;
        case 4:
          return `${'['.repeat(at)}${text}${']'.repeat(at)}`;
        case 5:
          return `\ufeff${text}`;
        case 6:
          return text.replace(/\d+/, '1e999');
        default:
          return text.replace(/"[^"]*"/, '"\\ud800\\u0000"');
      }
    });
}
