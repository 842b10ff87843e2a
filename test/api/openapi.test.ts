import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { PROBLEM_MEDIA_TYPE, type Problem } from '../../src/api-rest/problem.js';
import { OPERATIONS } from '../../src/control/operations.js';
import { createValidator } from '../../src/domain/validate.js';
import {
  type DocumentedOperation,
  documentedOperations,
  openapiDocument,
  withoutReferences,
} from '../support/documented-answers.js';
import { newService } from '../support/operations.js';
import { createRestClient } from '../support/rest-client.js';
import { startTestServer } from '../support/server.js';

const committedFile = new URL('../../../openapi/openapi.json', import.meta.url);

/** Without a token, and therefore no operations of the control layer. */
const PUBLIC_OPERATIONS = ['getHealth', 'getReadiness', 'getMetrics', 'getProblem'];
/** With REST, the list as text. */
const GRPC_ONLY = ['streamConnections'];

test('the committed document is what the routes say', () => {
  const expected = `${JSON.stringify(openapiDocument, null, 2)}\n`;
  assert.ok(readFileSync(committedFile, 'utf8') === expected, 'openapi/openapi.json is old: npm run openapi');
});

test('every operation of the control layer has a route, and every route an operation', () => {
  const routed = documentedOperations.map(({ operation }) => operation.operationId);
  assert.equal(new Set(routed).size, routed.length, 'operationIds are unique');
  const expected = Object.keys(OPERATIONS).filter((name) => !GRPC_ONLY.includes(name));
  assert.deepEqual(routed.toSorted(), [...expected, ...PUBLIC_OPERATIONS].sort());
});

const READ_PROBLEMS = [400, 401, 403, 500, 503];
const WRITE_PROBLEMS = [...READ_PROBLEMS, 412, 422];
const BODY_PROBLEMS = [413, 415];

for (const { path, method, operation } of documentedOperations) {
  const { operationId } = operation;
  const isPublic = PUBLIC_OPERATIONS.includes(operationId);
  const isWrite =
    /^(create|replace|update|delete)(?!Reconciliation|CounterReset|Adoption|Drain|AuditArchive)/.test(
      operationId,
    );

  test(`${operationId} is described, with an example for every body`, () => {
    assert.equal(operation.tags.length, 1);
    assert.match(operation.summary, /^[A-Z].*[^.]$/);
    assert.match(operation.description, /^[A-Z].*\.$/s);
    for (const parameter of operation.parameters ?? []) {
      assert.ok(parameter.description, `${parameter.name} has no description`);
      if (parameter.in === 'path') assert.notEqual(parameter.example, undefined, parameter.name);
    }
    const hasBody = isWrite || /^create(CounterReset|Adoption|AuditArchive)$/.test(operationId);
    assert.equal(operation.requestBody !== undefined, ['POST', 'PUT', 'PATCH'].includes(method) && hasBody);
    for (const { where, schema, example } of mediaOf(operation)) {
      assert.notEqual(example, undefined, `${where} has no example`);
      assert.doesNotThrow(() => createValidator(withoutReferences(schema))(example), where);
    }
  });

  test(`${operationId} documents every problem that it can have`, () => {
    const problems = Object.keys(operation.responses)
      .map(Number)
      .filter((status) => status >= 400);
    const expected = [
      ...(isPublic ? [403] : READ_PROBLEMS),
      ...(isWrite && operationId.startsWith('create') ? [409] : []),
      ...(isWrite ? WRITE_PROBLEMS : []),
      ...(operation.requestBody ? BODY_PROBLEMS : []),
      ...(path.includes('{') ? [404] : []),
    ].filter((status) => !(status === 400 && isPublic));
    for (const status of new Set(expected)) assert.ok(problems.includes(status), `${status} is missing`);
    for (const status of problems) {
      const { content, description } = operation.responses[status] ?? {};
      if (operationId === 'getReadiness' && status === 503) continue;
      const media = content?.[PROBLEM_MEDIA_TYPE];
      assert.ok(media, `${status} is no problem document`);
      assert.match(description ?? '', /\(`[A-Z_]+`\)/);
      assert.equal((media.example as Problem).status, status);
    }
  });

  test(`${operationId} says whether it needs a token`, () => {
    assert.equal((operation.security ?? []).length, isPublic ? 0 : 1);
  });
}

test('every component is described and used', () => {
  const text = JSON.stringify(openapiDocument);
  for (const [name, schema] of Object.entries(openapiDocument.components.schemas)) {
    assert.ok('description' in schema, `${name} has no description`);
    assert.ok(text.includes(`"#/components/schemas/${name}"`), `${name} is not used`);
  }
  assert.equal(openapiDocument.openapi, '3.1.0');
  assert.equal(text.includes('"$id"'), false);
});

interface Media {
  readonly where: string;
  readonly schema: object;
  readonly example?: unknown;
}

/** Of the request and of every answer. */
function mediaOf({ requestBody, responses }: DocumentedOperation): Media[] {
  const bodies = [['request', requestBody] as const, ...Object.entries(responses)];
  return bodies.flatMap(([name, body]) =>
    Object.entries(body?.content ?? {}).map(([type, media]) => ({ where: `${name} ${type}`, ...media })),
  );
}

const server = await startTestServer();
const rest = createRestClient(server);
after(() => server.stop());
before(() =>
  assert.equal(
    server.running.store.read((reader) => reader.entryCount()),
    0,
  ),
);

/** What the example of an adoption takes over. */
const foreignService = newService({ protocol: 'tcp', address: '192.168.10.99', port: 443 });

const inOrder = [
  ...documentedOperations.filter(({ method }) => method !== 'DELETE'),
  ...documentedOperations.filter(({ method }) => method === 'DELETE').reverse(),
];

test('the examples work on a fresh server, in the order of the document, the deletions last', async () => {
  await server.kernel.open().apply([foreignService]);
  const expected: Record<string, number> = { POST: 201, GET: 200, PUT: 200, PATCH: 200, DELETE: 204 };
  for (const { path, method, operation } of inOrder) {
    const filled = (operation.parameters ?? [])
      .filter((parameter) => parameter.in === 'path')
      .reduce((url, { name, example }) => url.replace(`{${name}}`, String(example)), path);
    if (operation.responses[200]?.content?.['text/event-stream']) {
      assert.equal(await statusOfStream(filled), 200, operation.operationId);
      continue;
    }
    const [type, media] = Object.entries(operation.requestBody?.content ?? {})[0] ?? [];
    const request = type ? { body: media?.example, headers: { 'content-type': type } } : {};
    // What is left of the definition's example goes with the cluster.
    const query = operation.operationId === 'deleteCluster' ? '?cascade=true' : await deleteQuery(operation);
    const { status, body } = await rest(method, `${filled}${query}`, request);
    assert.equal(status, expected[method], `${operation.operationId}: ${JSON.stringify(body)}`);
  }
});

/** A stream has no end to wait for. */
async function statusOfStream(path: string): Promise<number> {
  const abort = new AbortController();
  const headers = { authorization: `Bearer ${server.adminToken}` };
  const { status } = await fetch(`${server.url}${path}`, { headers, signal: abort.signal });
  abort.abort();
  return status;
}

async function deleteQuery({ operationId }: DocumentedOperation): Promise<string> {
  if (operationId === 'deleteDrain') return `?key=${encodeURIComponent(await beginDrain())}`;
  return operationId === 'deleteVirtualService' ? '?cascade=true' : '';
}

/** Without connections a drain ends before anybody could cut it. */
async function beginDrain(): Promise<string> {
  const url = '/v1/projects/default/clusters/drained';
  const spec = { protocol: 'tcp', address: '198.51.100.99', port: 99 };
  const virtualServices = { web: { spec, realServers: { one: { spec: { address: '10.9.0.1' } } } } };
  await rest('PUT', `${url}/definition`, { body: { virtualServices } });
  const key = 'tcp/198.51.100.99:99->10.9.0.1:99';
  server.kernel.setConnectionCounts(key, { active: 1 });
  await rest('DELETE', `${url}?cascade=true`);
  return key;
}
