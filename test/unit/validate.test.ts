import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { TSchema } from 'typebox';
import type { DomainError } from '../../src/domain/errors.js';
import { DefinitionInput } from '../../src/domain/schema/definition.js';
import { ClusterInput, RealServerInput, VirtualServiceInput } from '../../src/domain/schema/resource.js';
import { createValidator, escapePointer, fieldName, unescapePointer } from '../../src/domain/validate.js';

function faults(schema: TSchema, value: unknown): DomainError {
  try {
    createValidator(schema)(value);
  } catch (error) {
    return error as DomainError;
  }
  return assert.fail('it is valid');
}

function pointers(error: DomainError): string[] {
  return error.violations.map(({ reason, pointer }) => `${reason} ${pointer}`).sort();
}

const spec = { protocol: 'tcp', address: '192.0.2.10', port: 80 };

test('a valid value is given back as it is', () => {
  const value = { name: 'http', labels: { 'example.com/tier': 'front' }, spec };
  assert.equal(createValidator(VirtualServiceInput)(value), value);
});

test('an unknown field is named together with those that there are', () => {
  const error = faults(RealServerInput, { spec: { address: '10.0.0.1', weigth: 3 } });
  assert.deepEqual(pointers(error), ['FIELD_UNKNOWN /spec/weigth']);
  assert.match(error.message, /spec\.weigth is not allowed here: the fields are address, port, weight/);
});

test('hundreds of unknown fields are refused as such, the first of them by name', () => {
  const unknown = Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`k/${n}`, n]));
  const error = faults(ClusterInput, { name: 'shop', spec: unknown });
  assert.equal(error.reason, 'FIELD_UNKNOWN');
  assert.equal(error.violations[0]?.pointer, '/spec/k~10');
  assert.match(
    error.violations[0]?.detail ?? '',
    /spec\.k\/0 is not allowed here: the fields are description/,
  );
});

test('a missing field is named at the place where it belongs', () => {
  assert.deepEqual(pointers(faults(RealServerInput, { spec: {} })), ['FIELD_REQUIRED /spec/address']);
  assert.deepEqual(pointers(faults(RealServerInput, {})), ['FIELD_REQUIRED /spec']);
});

test('a value outside its enumeration is told what it may be, null included where it may be null', () => {
  const scheduler = faults(VirtualServiceInput, { spec: { ...spec, scheduler: 'fifo' } });
  assert.match(scheduler.message, /^spec\.scheduler must be one of rr, wrr, .*twos\.$/);
  const engine = faults(VirtualServiceInput, { spec: { ...spec, persistence: { engine: 'ftp' } } });
  assert.deepEqual(pointers(engine), ['FIELD_INVALID /spec/persistence/engine']);
  assert.match(engine.message, /must be one of sip or null/);
});

test('a nullable field of a wrong type is one violation', () => {
  const error = faults(VirtualServiceInput, { spec: { ...spec, persistence: 'yes' } });
  assert.deepEqual(pointers(error), ['FIELD_INVALID /spec/persistence']);
  assert.match(error.message, /or null\.$/);
  createValidator(VirtualServiceInput)({ spec: { ...spec, persistence: null } });
});

test('all violations are reported at once, under one reason when they agree', () => {
  const error = faults(VirtualServiceInput, {
    labels: { a: 1 },
    spec: { ...spec, port: 65_536, scheduler: 'fifo', colour: 'red', persistence: { timeoutSeconds: 0 } },
    etags: '"1"',
  });
  assert.equal(error.reason, 'VALIDATION_FAILED');
  assert.deepEqual(pointers(error), [
    'FIELD_INVALID /labels/a',
    'FIELD_INVALID /spec/persistence/timeoutSeconds',
    'FIELD_INVALID /spec/port',
    'FIELD_INVALID /spec/scheduler',
    'FIELD_UNKNOWN /etags',
    'FIELD_UNKNOWN /spec/colour',
  ]);
  assert.match(error.message, /^6 fields are wrong: /);
  assert.equal(faults(ClusterInput, { a: 1, b: 2 }).reason, 'FIELD_UNKNOWN');
});

test('limits hold on both sides of the border', () => {
  const check = createValidator(RealServerInput);
  const server = (members: object) => ({ spec: { address: '10.0.0.1', ...members } });
  for (const legal of [
    { port: 0 },
    { port: 65_535 },
    { weight: 0 },
    { weight: 65_535 },
    { upperThreshold: 2 ** 32 - 1 },
  ]) {
    check(server(legal));
  }
  const illegal = [
    { port: -1 },
    { port: 65_536 },
    { weight: -1 },
    { weight: 65_536 },
    { weight: 1.5 },
    { weight: '1' },
  ];
  for (const members of [...illegal, { upperThreshold: 2 ** 32 }, { port: null }, { adminState: null }]) {
    assert.deepEqual(pointers(faults(RealServerInput, server(members))), [
      `FIELD_INVALID /spec/${Object.keys(members)[0]}`,
    ]);
  }
});

test('names are DNS labels of at most 63 characters', () => {
  const check = createValidator(ClusterInput);
  for (const name of ['a', '0', 'a-b', 'a'.repeat(63), 'constructor']) check({ name });
  for (const name of ['', '-a', 'a-', 'A', 'a.b', 'a_b', 'a'.repeat(64), '__proto__', 'a\n', 'a/b']) {
    assert.deepEqual(pointers(faults(ClusterInput, { name })), ['FIELD_INVALID /name'], name);
  }
});

test('a pointer escapes what a name may contain, and sentences do not', () => {
  const error = faults(ClusterInput, { 'a/b~c': 1 });
  assert.equal(error.violations[0]?.pointer, '/a~1b~0c');
  assert.match(error.message, /^a\/b~c is not allowed/);
  fc.assert(fc.property(fc.string(), (text) => assert.equal(unescapePointer(escapePointer(text)), text)));
  assert.equal(fieldName('/spec/a~1b'), 'spec.a/b');
  assert.equal(fieldName(''), 'The body');
});

test('a field or a name called __proto__ is refused like any other that is not known', () => {
  const body = JSON.parse(
    '{"__proto__":{},"labels":{"__proto__":"x"},"spec":{"__proto__":{"forwarding":1}}}',
  );
  assert.deepEqual(pointers(faults(ClusterInput, body)), [
    'FIELD_UNKNOWN /__proto__',
    'FIELD_UNKNOWN /labels/__proto__',
    'FIELD_UNKNOWN /spec/__proto__',
  ]);
  const document = JSON.parse('{"virtualServices":{"__proto__":{"spec":{}}}}');
  assert.deepEqual(pointers(faults(DefinitionInput, document)), ['FIELD_UNKNOWN /virtualServices/__proto__']);
});

test('a body of a wrong kind altogether is a violation of the body', () => {
  for (const body of [null, 1, 'text', [], true]) {
    assert.deepEqual(pointers(faults(ClusterInput, body)), ['FIELD_INVALID '], JSON.stringify(body));
  }
});

test('whatever is wrong, there is at least one violation, each with a sentence', () => {
  const members = [
    'name',
    'labels',
    'spec',
    'etag',
    'forwarding',
    'persistence',
    'virtualServices',
    'realServers',
    'a',
  ];
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'medium' },
      fc.constantFrom(null, true, 0, -1, 80, 'nat', '192.0.2.1', 'tcp'),
      fc.dictionary(fc.constantFrom(...members), tie('value'), { maxKeys: 5 }),
      fc.array(tie('value'), { maxLength: 2 }),
    ),
  }));
  const schemas = [ClusterInput, VirtualServiceInput, RealServerInput, DefinitionInput].map((schema) =>
    createValidator(schema),
  );
  fc.assert(
    fc.property(fc.constantFrom(...schemas), value, (validate, body) => {
      try {
        validate(body);
      } catch (error) {
        const { violations } = error as DomainError;
        assert.ok(violations.length > 0, String(error));
        for (const { detail } of violations) assert.match(detail, /^\S.*\.$/s);
      }
    }),
    { numRuns: 3000 },
  );
});
