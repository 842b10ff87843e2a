/**
 * Every route and every gRPC method, called by everybody, against the table of operations. What is in the table decides what is
 * expected; what is in neither the table nor the list of public operations fails.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import type { DescMethod, JsonObject } from '@bufbuild/protobuf';
import { type ServiceError, status } from '@grpc/grpc-js';
import { SERVICES } from '../../src/api-grpc/services.js';
import { NAMES } from '../../src/api-rest/examples.js';
import {
  OPERATIONS,
  type OperationName,
  ROLES,
  type Role,
  type Scope,
} from '../../src/control/operations.js';
import { type Caller, everyCaller } from '../support/access-callers.js';
import { systemContext } from '../support/control-world.js';
import { documentedOperations } from '../support/documented-answers.js';
import { connectByReflection, type ReflectionClient } from '../support/grpc-reflection-client.js';
import { refusalOf } from '../support/grpc-session.js';
import { createRestClient } from '../support/rest-client.js';
import { startTestServer } from '../support/server.js';
import { putShop } from '../support/shop.js';

/** Anybody may: they tell nothing of what is defined. */
const PUBLIC = ['getHealth', 'getReadiness', 'getMetrics', 'getProblem'];
/** The project is not in the path, but in the body. */
const NAMES_PROJECT_IN_BODY: readonly string[] = ['createImport', 'createChangeSet'];
/** A stream that has not refused its caller by then has let him in. */
const STREAM_MS = 300;

type Outcome = 'allowed' | 'UNAUTHENTICATED' | 'PERMISSION_DENIED' | 'PROJECT_NOT_FOUND';
const DENIALS: readonly string[] = ['UNAUTHENTICATED', 'PERMISSION_DENIED', 'PROJECT_NOT_FOUND'];

const server = await startTestServer({ rateLimit: null });
const rest = createRestClient(server);
let client: ReflectionClient;
let callers: Caller[] = [];
before(async () => {
  client = await connectByReflection(server.grpcAddress);
  await server.running.store.write(systemContext, (tx) =>
    tx.put({ kind: 'project', path: 'projects/elsewhere', labels: {}, spec: {} }),
  );
  await putShop(rest);
  callers = await everyCaller(server);
});
after(async () => {
  client.close();
  await server.stop();
});

const operations = Object.keys(OPERATIONS) as OperationName[];
const methods = SERVICES.flatMap((service) => service.methods);
const routes = new Map(documentedOperations.map((route) => [route.operation.operationId, route]));

/** What the table says. A call that names no project, and needs none of the whole server, is about those of its caller. */
function expected(name: OperationName, { role, reach }: Caller): Outcome {
  const entry: { readonly role: Role; readonly scope: Scope } = OPERATIONS[name];
  if (role === null) return 'UNAUTHENTICATED';
  if (reach === 'elsewhere' && isAboutProject(name)) return 'PROJECT_NOT_FOUND';
  const isInReach = reach === 'server' || entry.scope !== 'server';
  const isEnough = ROLES.indexOf(role) >= ROLES.indexOf(entry.role);
  return isInReach && isEnough ? 'allowed' : 'PERMISSION_DENIED';
}

/** Whether the request names the project `default`. */
function isAboutProject(name: string): boolean {
  return NAMES_PROJECT_IN_BODY.includes(name) || (routes.get(name)?.path.includes('{project}') ?? false);
}

test('every route and every gRPC method has an entry in the table, or is public', () => {
  const known = new Set<string>([...operations, ...PUBLIC]);
  const offered = [...routes.keys(), ...methods.map(({ localName }) => localName)];
  assert.deepEqual(
    offered.filter((name) => !known.has(name)),
    [],
  );
});

for (const name of PUBLIC) {
  test(`${name} is open to all, by REST`, async () => {
    const { status: code } = await rest('GET', filled(routes.get(name)?.path ?? ''), { token: null });
    assert.equal(code, 200);
  });
}

for (const name of operations) {
  const route = routes.get(name);
  if (route) {
    test(`${name} by REST is for those whom the table says`, async () => {
      const outcomes = await outcomesOf((caller) => restOutcome(route, caller));
      assert.deepEqual(outcomes, wantedOutcomes(name));
    });
  }

  test(`${name} by gRPC is for those whom the table says`, async () => {
    const method = methods.find(({ localName }) => localName === name);
    assert.ok(method, `there is no method ${name}`);
    const outcomes = await outcomesOf((caller) => grpcOutcome(method, caller));
    assert.deepEqual(outcomes, wantedOutcomes(name));
  });
}

async function outcomesOf(ask: (caller: Caller) => Promise<Outcome>): Promise<Record<string, Outcome>> {
  const answers = await Promise.all(callers.map(async (caller) => [caller.name, await ask(caller)] as const));
  return Object.fromEntries(answers);
}

function wantedOutcomes(name: OperationName): Record<string, Outcome> {
  return Object.fromEntries(callers.map((caller) => [caller.name, expected(name, caller)]));
}

type Route = (typeof documentedOperations)[number];

/** With the example of its body, as a preview where there is one. */
async function restOutcome({ path, method, operation }: Route, { token }: Caller): Promise<Outcome> {
  const query = new URLSearchParams();
  for (const { name, in: place, required, example } of operation.parameters ?? []) {
    if (place === 'query' && name === 'validateOnly') query.set(name, 'true');
    else if (place === 'query' && required) query.set(name, String(example));
  }
  const [type, media] = Object.entries(operation.requestBody?.content ?? {})[0] ?? [];
  const answer = await send(method, `${filled(path)}?${query}`, {
    ...(token !== null && { authorization: `Bearer ${token}` }),
    ...(type !== undefined && { 'content-type': type }),
    ...(media && { body: JSON.stringify(media.example) }),
  });
  assert.ok(answer.status < 500, `${method} ${path} answered ${answer.status}`);
  return outcomeOf(answer.reason);
}

interface Sent {
  readonly authorization?: string;
  readonly 'content-type'?: string;
  readonly body?: string;
}

/** On a connection of its own. Of an answer that is no problem, only that it began: some have no end. */
async function send(method: string, path: string, { body, ...headers }: Sent) {
  const sent = request(`${server.url}${path}`, { method, headers, agent: false }).end(body);
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  const { statusCode = 0 } = answer;
  const isProblem = answer.headers['content-type']?.startsWith('application/problem+json') ?? false;
  const { reason } = isProblem ? (JSON.parse(await text(answer)) as { reason?: string }) : {};
  sent.destroy();
  return { status: statusCode, reason };
}

async function grpcOutcome(method: DescMethod, { token }: Caller): Promise<Outcome> {
  const path = `${method.parent.typeName}/${method.name}`;
  const options = token === null ? {} : { metadata: { authorization: `Bearer ${token}` } };
  const message = requestOf(method);
  try {
    if (method.methodKind === 'server_streaming') await firstOf(path, message, options);
    else await client.call(path, message, options);
    return 'allowed';
  } catch (error) {
    const { code } = error as ServiceError;
    assert.ok(![status.INTERNAL, status.UNKNOWN].includes(code), String(error));
    if (code === status.DEADLINE_EXCEEDED) return 'allowed';
    return outcomeOf(refusalOf(client, error as ServiceError).reason);
  }
}

/** Resolves with the first message, or the end. */
function firstOf(path: string, message: JsonObject, options: object): Promise<void> {
  const deadline = new Date(Date.now() + STREAM_MS);
  const stream = client.stream(path, message, { ...options, deadline });
  return new Promise((resolve, reject) => {
    stream.on('error', reject);
    stream.on('end', resolve);
    stream.on('data', () => {
      stream.removeAllListeners('error').on('error', () => undefined);
      stream.cancel();
      resolve();
    });
  });
}

/** The names that the message has fields for; the last one of the REST path is `name`. */
function requestOf({ localName, input }: DescMethod): JsonObject {
  const own = routes.get(localName)?.path.match(/\{(\w+)\}(?:\/revisions\/\{\w+\})?$/)?.[1];
  const given: Readonly<Record<string, JsonObject[string]>> = {
    ...NAMES,
    name: own === undefined ? 'matrix' : ((NAMES as Readonly<Record<string, string>>)[own] ?? 'matrix'),
    validateOnly: true,
  };
  const isWanted = (field: string) => field in given && (field !== 'project' || isAboutProject(localName));
  const fields = input.fields.filter(
    ({ jsonName, fieldKind }) => isWanted(jsonName) && fieldKind === 'scalar',
  );
  return Object.fromEntries(fields.map(({ jsonName }) => [jsonName, given[jsonName] ?? '']));
}

function filled(path: string): string {
  const parameters = [...routes.values()].find((route) => route.path === path)?.operation.parameters ?? [];
  return path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const example = name === 'project' ? NAMES.project : parameters.find((one) => one.name === name)?.example;
    assert.notEqual(example, undefined, `${name} of ${path} has no example`);
    return encodeURIComponent(String(example));
  });
}

function outcomeOf(reason: string | undefined): Outcome {
  return reason !== undefined && DENIALS.includes(reason) ? (reason as Outcome) : 'allowed';
}
