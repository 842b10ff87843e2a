/** Requests made from the OpenAPI document: an operation that it has is asked in every way, without a line of code here. */
import fc, { type Arbitrary } from 'fast-check';
import { type DocumentedOperation, documentedOperations } from '../documented-answers.js';
import { seenMark } from './examples.js';
import { brokenText, hostileText, mutated } from './hostile.js';
import { names, schemaValues, varied } from './values.js';

export const CALLERS = ['admin', 'editor', 'operator', 'viewer', 'bound', 'nobody', 'wrong'] as const;

export interface FuzzRequest {
  readonly method: string;
  /** With parameters in braces. */
  readonly template: string;
  readonly path: Readonly<Record<string, unknown>>;
  readonly query: readonly (readonly [string, unknown])[];
  readonly headers: Readonly<Record<string, string>>;
  readonly caller: (typeof CALLERS)[number];
  /** A value is sent as JSON, text as it stands. */
  readonly body:
    | { readonly value: unknown }
    | { readonly text: string; readonly encoding: BufferEncoding }
    | null;
}

type Documented = (typeof documentedOperations)[number];

/** Deletions less often, or little would be there to ask for. */
function weightOf({ method, operation: { parameters = [], requestBody } }: Documented): number {
  return method === 'DELETE' ? 2 : 1 + parameters.length + (requestBody ? 12 : 0);
}

function requestsOf({ method, path, operation }: Documented): Arbitrary<FuzzRequest> {
  const parameters = operation.parameters ?? [];
  const of = (place: string) => parameters.filter((parameter) => parameter.in === place);
  return fc.record({
    method: fc.oneof(
      { weight: 40, arbitrary: fc.constant(method) },
      {
        weight: 1,
        arbitrary: fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE'),
      },
    ),
    template: fc.constant(path),
    path: fc.record(
      Object.fromEntries(of('path').map((parameter) => [parameter.name, pathValues(parameter)])),
    ),
    query: queries(of('query')),
    headers: headerFields(of('header'), Object.keys(operation.requestBody?.content ?? {})),
    caller: fc.oneof(
      { weight: 12, arbitrary: fc.constant('admin' as const) },
      { weight: 1, arbitrary: fc.constantFrom(...CALLERS) },
    ),
    body: bodies(operation),
  });
}

/** Mostly the name in the document's own examples, so that requests meet one another's resources. */
function pathValues({ name, schema, example }: Parameters[number]): Arbitrary<unknown> {
  return fc.oneof(
    { weight: 16, arbitrary: fc.constant<unknown>(example) },
    { weight: 5, arbitrary: names },
    { weight: 3, arbitrary: fc.nat(99).map((pick) => seenMark(name, pick)) },
    { weight: 1, arbitrary: schemaValues(schema, name) },
    { weight: 1, arbitrary: hostileText },
  );
}

type Parameters = NonNullable<DocumentedOperation['parameters']>;

function queries(parameters: Parameters): Arbitrary<[string, unknown][]> {
  const valid = parameters.map(({ name, schema, required = false }) => {
    const pair = fc.tuple(fc.constant(name), schemaValues(schema, name));
    return fc.option(pair, { freq: required ? 20 : 1, nil: null });
  });
  const hostile = fc.tuple(
    fc.oneof(
      fc.constantFrom(...parameters.map(({ name }) => name), 'x', 'validateOnly', '__proto__'),
      hostileText,
    ),
    hostileText,
  );
  const some = fc.tuple(...valid).chain((pairs) => {
    const found = pairs.filter((pair) => pair !== null) as [string, unknown][];
    return fc.subarray(found, { minLength: Math.min(found.length, 1) });
  });
  const none = parameters.some(({ required }) => required) ? some : fc.constant<[string, unknown][]>([]);
  return fc.oneof(
    { weight: 5, arbitrary: none },
    { weight: 8, arbitrary: some },
    { weight: 1, arbitrary: fc.tuple(some, hostile).map(([pairs, pair]) => [...pairs, pair]) },
    { weight: 1, arbitrary: some.map((pairs) => [...pairs, ...pairs]) },
  );
}

function headerFields(parameters: Parameters, types: readonly string[]): Arbitrary<Record<string, string>> {
  const documented = parameters.map(({ name, schema }) => [
    name,
    fc.oneof(schemaValues(schema, name).map(String), entityTags, hostileText),
  ]);
  const always = fc.record(
    Object.fromEntries([
      ...documented,
      [
        'accept',
        fc.oneof(fc.constantFrom('*/*', 'text/*;q=0.5', 'text/plain', 'image/png', ','), hostileText),
      ],
      ['idempotency-key', fc.oneof(fc.constantFrom('k1', 'k2', 'k3'), fc.uuid(), hostileText)],
      ['x-request-id', fc.oneof(fc.constantFrom('ci-1', '-'), hostileText)],
      ['content-encoding', fc.constantFrom('gzip', 'identity', 'x')],
      ['range', fc.constant('bytes=0-1')],
      ['expect', fc.constant('magic')],
      ['x-http-method-override', fc.constant('DELETE')],
      ['forwarded', fc.constant('for=192.0.2.1;host=evil.example')],
    ]),
    { requiredKeys: [], noNullPrototype: true },
  );
  const type = fc.oneof(
    { weight: 20, arbitrary: fc.constantFrom(...(types.length > 0 ? types : ['application/json'])) },
    {
      weight: 1,
      arbitrary: fc.oneof(
        fc.constantFrom(
          '',
          'text/plain',
          'application/x-www-form-urlencoded',
          'application/json; charset=utf-16',
        ),
        hostileText,
      ),
    },
  );
  return fc.tuple(fc.nat(9), always, fc.nat(9), type).map(([odd, all, keep, contentType]) => ({
    ...Object.fromEntries(Object.entries(all).filter((_, index) => odd > 5 && (index + keep) % 3 === 0)),
    'content-type': contentType,
  }));
}

const entityTags = fc.oneof(
  fc.nat(99).map((pick) => seenMark('etag', pick)),
  fc.constantFrom('*', '"1"', '"0", "2"', 'W/"3"'),
);

function bodies({ requestBody }: DocumentedOperation): Arbitrary<FuzzRequest['body']> {
  const media = Object.values(requestBody?.content ?? {});
  if (media.length === 0) {
    const useless = brokenText(fc.constant('{}')).map((text) => ({ text, encoding: 'utf8' as const }));
    return fc.oneof({ weight: 20, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: useless });
  }
  const examples = fc.constantFrom(...media.map(({ example }) => example));
  const valid = fc.oneof(...media.map(({ schema }) => schemaValues(schema)));
  const values = fc.oneof(
    { weight: 2, arbitrary: examples },
    { weight: 5, arbitrary: varied(examples) },
    { weight: 4, arbitrary: valid },
    { weight: 4, arbitrary: mutated(examples) },
    { weight: 3, arbitrary: mutated(valid) },
    { weight: 1, arbitrary: mutated(mutated(valid)) },
  );
  const texts = brokenText(values.map((value) => JSON.stringify(value) ?? ''));
  return fc.oneof(
    { weight: 12, arbitrary: values.map((value) => ({ value })) },
    {
      weight: 1,
      arbitrary: fc.record({ text: texts, encoding: fc.constantFrom('utf8', 'latin1', 'utf16le') }),
    },
    { weight: 1, arbitrary: fc.constant(null) },
  );
}

/** As often as an operation has inputs: what takes nothing is soon tried. */
export const restRequests: Arbitrary<FuzzRequest> = fc.oneof(
  ...documentedOperations.map((one) => ({ weight: weightOf(one), arbitrary: requestsOf(one) })),
);

/** What the document's own examples write; they build on one another in its order. */
export const exampleRequests: readonly FuzzRequest[] = documentedOperations
  .filter(({ operation }) => operation.requestBody)
  .map(({ method, path, operation: { parameters = [], requestBody } }) => {
    const [[type, media] = ['application/json', null]] = Object.entries(requestBody?.content ?? {});
    const required = parameters.filter((one) => one.in === 'query' && one.required);
    return {
      method,
      template: path,
      path: Object.fromEntries(
        parameters.filter((one) => one.in === 'path').map(({ name, example }) => [name, example]),
      ),
      query: required.map(({ name, example }) => [name, example] as const),
      headers: { 'content-type': type },
      caller: 'admin',
      body: media && { value: media.example },
    };
  });
