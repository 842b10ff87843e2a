/** Every way a call can be refused tells a status, a stable reason and the fields at fault, in the words of the proto files. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { JsonObject } from '@bufbuild/protobuf';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { connectByReflection } from '../support/grpc-reflection-client.js';
import { type GrpcSession, refusalOf, startGrpcSession } from '../support/grpc-session.js';

let session: GrpcSession;
before(async () => {
  session = await startGrpcSession();
  await session.call('ClusterService/CreateCluster', { project: 'default', name: 'shop' });
  await session.call('VirtualServiceService/CreateVirtualService', {
    project: 'default',
    cluster: 'shop',
    name: 'http',
    spec: { protocol: 'PROTOCOL_TCP', address: '192.0.2.1', port: 80 },
  });
});
after(() => session.stop());

const WEB1 = { project: 'default', cluster: 'shop', virtualService: 'http', name: 'web-1' };

test('a call without a token, or with a wrong one, is UNAUTHENTICATED before its message is looked at', async () => {
  for (const token of [undefined, 'lvsd_wrong']) {
    const client = await connectByReflection(
      session.server.grpcAddress,
      token === undefined ? {} : { token },
    );
    const attempt = client.callBytes('lvsd.v1.ClusterService/GetCluster', Buffer.from('not a message'));
    const refusal = await attempt.then(
      () => assert.fail('it succeeded'),
      (error: ServiceError) => refusalOf(client, error),
    );
    assert.deepEqual([refusal.code, refusal.reason], ['UNAUTHENTICATED', 'UNAUTHENTICATED']);
    client.close();
  }
});

test('a role that does not allow a call is PERMISSION_DENIED', async () => {
  const token = await session.server.createToken('viewer', 'default');
  const client = await connectByReflection(session.server.grpcAddress, { token });
  const names = { project: 'default', name: 'shop' };
  assert.equal(
    (await client.call('lvsd.v1.ClusterService/GetCluster', names)).answer.cluster !== undefined,
    true,
  );
  for (const [method, request] of [
    ['ClusterService/DeleteCluster', names],
    ['DirectorService/ListDirectors', {}],
  ] as const) {
    const refusal = await session.refused(client.call(`lvsd.v1.${method}`, request));
    assert.deepEqual([refusal.code, refusal.reason], ['PERMISSION_DENIED', 'PERMISSION_DENIED'], method);
  }
  const elsewhere = client.call('lvsd.v1.ClusterService/GetCluster', { ...names, project: 'other' });
  assert.equal(
    (await session.refused(elsewhere)).reason,
    'PROJECT_NOT_FOUND',
    'nothing is told of other projects',
  );
  client.close();
});

test('names have no defaults, and must be names', async () => {
  const refusal = await session.refused(
    session.call('RealServerService/GetRealServer', {
      cluster: 'a/virtual-services/b',
      virtualService: 'UP',
    }),
  );
  assert.equal(refusal.code, 'INVALID_ARGUMENT');
  assert.deepEqual(refusal.violations, [
    ['project', 'FIELD_REQUIRED'],
    ['cluster', 'FIELD_INVALID'],
    ['virtual_service', 'FIELD_INVALID'],
    ['name', 'FIELD_REQUIRED'],
  ]);
  for (const method of ['DirectorService/GetDirector', 'DirectorService/GetTable']) {
    assert.equal((await session.refused(session.call(method, {}))).reason, 'FIELD_REQUIRED');
  }
});

test('a message that cannot be parsed is MALFORMED_BODY', async () => {
  const attempt = session.client.callBytes(
    'lvsd.v1.ClusterService/GetCluster',
    Uint8Array.of(0x0a, 0x7f, 0x01),
  );
  const refusal = await session.refused(attempt);
  assert.deepEqual([refusal.code, refusal.reason], ['INVALID_ARGUMENT', 'MALFORMED_BODY']);
});

test('a field that the message does not have is refused, never ignored', async () => {
  const writer = new BinaryWriter();
  writer.tag(1, WireType.LengthDelimited).string('default');
  writer.tag(4, WireType.LengthDelimited).string('shop');
  writer.tag(77, WireType.Varint).uint32(1);
  const refusal = await session.refused(
    session.client.callBytes('lvsd.v1.ClusterService/GetCluster', writer.finish()),
  );
  assert.deepEqual(refusal.violations, [['77', 'FIELD_UNKNOWN']]);
  assert.match(refusal.message, /Field number 77 is not known in GetClusterRequest/);
});

test('enumeration numbers without a member are refused with the fields that have them', async () => {
  const spec = { address: '10.0.0.1', adminState: 9, forwarding: { method: 99 } } as unknown as JsonObject;
  const refusal = await session.refused(
    session.call('RealServerService/CreateRealServer', { ...WEB1, spec }),
  );
  assert.deepEqual(refusal.violations, [
    ['spec.admin_state', 'FIELD_INVALID'],
    ['spec.forwarding.method', 'FIELD_INVALID'],
  ]);
});

test('all fields at fault are named at once, down into a definition', async () => {
  const one = await session.refused(
    session.call('RealServerService/CreateRealServer', {
      ...WEB1,
      name: '',
      spec: { weight: 65536, forwarding: {} },
    }),
  );
  assert.equal(one.reason, 'VALIDATION_FAILED');
  assert.deepEqual(one.violations.toSorted(), [
    ['spec.address', 'FIELD_REQUIRED'],
    ['spec.forwarding.method', 'FIELD_REQUIRED'],
    ['spec.weight', 'FIELD_INVALID'],
  ]);

  const definition = {
    virtualServices: {
      http: { spec: { protocol: 'PROTOCOL_TCP', address: '192.0.2.9', port: 70000 }, realServers: { a: {} } },
    },
  };
  const tree = await session.refused(
    session.call('DefinitionService/ReplaceDefinition', { project: 'default', cluster: 'shop', definition }),
  );
  assert.deepEqual(tree.violations.toSorted(), [
    ['definition.virtual_services["http"].real_servers["a"].spec', 'FIELD_REQUIRED'],
    ['definition.virtual_services["http"].spec.port', 'FIELD_INVALID'],
  ]);
});

test('a rule that spans fields names the one to change', async () => {
  const spec = { address: '10.0.0.1', port: 81 };
  const refusal = await session.refused(
    session.call('RealServerService/CreateRealServer', { ...WEB1, spec }),
  );
  assert.deepEqual([refusal.code, refusal.reason], ['INVALID_ARGUMENT', 'PORT_MAPPING_UNSUPPORTED']);
});

test('a thousand faults still reach a client, as many as fit, with how many are left out', async () => {
  const virtualServices = Object.fromEntries(
    Array.from({ length: 1000 }, (_, index) => [`service-${index}`, { spec: { port: 70000 } }]),
  );
  const request = { project: 'default', cluster: 'shop', definition: { virtualServices } };
  const refusal = await session.refused(session.call('DefinitionService/ReplaceDefinition', request));
  assert.equal(refusal.reason, 'FIELD_INVALID');
  assert(refusal.violations.length > 10, `${refusal.violations.length} violations`);
  assert.equal(Number(refusal.metadata.violationsLeftOut) > 10, true);
});

test('taken names, missing resources, children and stale tags have their statuses', async () => {
  const names = { project: 'default', name: 'shop' };
  const cases = [
    ['ClusterService/CreateCluster', names, 'ALREADY_EXISTS', 'NAME_TAKEN'],
    ['ClusterService/ReplaceCluster', { ...names, onlyCreate: true }, 'ABORTED', 'ETAG_MISMATCH'],
    ['ClusterService/GetCluster', { ...names, name: 'none' }, 'NOT_FOUND', 'CLUSTER_NOT_FOUND'],
    ['RealServerService/GetRealServer', { ...WEB1, cluster: 'none' }, 'NOT_FOUND', 'CLUSTER_NOT_FOUND'],
    ['ClusterService/DeleteCluster', names, 'FAILED_PRECONDITION', 'HAS_CHILDREN'],
    ['ClusterService/DeleteCluster', { ...names, etag: '"1"', cascade: true }, 'ABORTED', 'ETAG_MISMATCH'],
    [
      'ClusterService/ListClusters',
      { project: 'default', pageToken: 'x' },
      'INVALID_ARGUMENT',
      'PAGE_TOKEN_INVALID',
    ],
    [
      'ClusterService/ListClusters',
      { project: 'default', filter: '??' },
      'INVALID_ARGUMENT',
      'FILTER_INVALID',
    ],
    ['DirectorService/GetDrift', { director: 'none' }, 'NOT_FOUND', 'DIRECTOR_NOT_FOUND'],
    ['AuditService/GetAuditEvent', { id: '9007199254740993' }, 'NOT_FOUND', 'AUDIT_EVENT_NOT_FOUND'],
  ] as const;
  for (const [method, request, code, reason] of cases) {
    const refusal = await session.refused(session.call(method, request));
    assert.deepEqual([refusal.code, refusal.reason], [code, reason], `${method} ${JSON.stringify(request)}`);
  }
});

test('what only the kernel can refuse is told with errno and command, and leaves nothing behind', async () => {
  const request = { ...WEB1, spec: { address: '127.255.255.255' } };
  const refusal = await session.refused(session.call('RealServerService/CreateRealServer', request));
  assert.deepEqual([refusal.code, refusal.reason], ['FAILED_PRECONDITION', 'KERNEL_REFUSED']);
  assert.equal(refusal.metadata.errnoName, 'EINVAL');
  assert.equal(refusal.metadata.command, 'NEW_DEST');
  assert.equal(
    (await session.refused(session.call('RealServerService/GetRealServer', WEB1))).code,
    'NOT_FOUND',
  );
});

test("the request's id is the caller's, in the answer, in errors and in metadata", async () => {
  const { client, refused } = session;
  const names = { project: 'default', name: 'shop' };
  const metadata = { 'x-request-id': 'from-metadata' };
  const told = await client.call('lvsd.v1.ClusterService/GetCluster', names, { metadata });
  assert.deepEqual(told.header.get('x-request-id'), ['from-metadata']);
  const made = await client.call('lvsd.v1.ClusterService/GetCluster', names);
  assert.match(String(made.header.get('x-request-id')), /^[0-9a-f-]{36}$/);
  const create = 'lvsd.v1.ClusterService/CreateCluster';
  const named = await refused(client.call(create, { ...names, requestId: 'from-field' }, { metadata }));
  assert.equal(named.requestId, 'from-metadata');

  const wrong = await refused(
    client.call(
      create,
      { ...names, requestId: 'a b', reason: 'x'.repeat(1025) },
      { metadata: { 'x-request-id': 'a b' } },
    ),
  );
  assert.deepEqual(wrong.violations, [
    ['metadata.x-request-id', 'FIELD_INVALID'],
    ['reason', 'FIELD_INVALID'],
    ['request_id', 'FIELD_INVALID'],
  ]);
});

test('a message above 16 MiB is RESOURCE_EXHAUSTED, one below is read', async () => {
  const client = new Client(session.server.grpcAddress, credentials.createInsecure());
  const send = (size: number) =>
    new Promise<ServiceError | null>((resolve) => {
      const bytes = Buffer.alloc(size);
      const asIs = (buffer: Buffer) => buffer;
      client.makeUnaryRequest(
        '/lvsd.v1.ClusterService/GetCluster',
        asIs,
        asIs,
        bytes,
        new Metadata(),
        resolve,
      );
    });
  const limit = 16 * 1024 * 1024;
  assert.equal((await send(limit))?.code, status.UNAUTHENTICATED);
  assert.equal((await send(limit + 1))?.code, status.RESOURCE_EXHAUSTED);
  client.close();
});

test('a method that does not exist is UNIMPLEMENTED', async () => {
  const client = new Client(session.server.grpcAddress, credentials.createInsecure());
  const error = await new Promise<ServiceError | null>((resolve) => {
    const asIs = (buffer: Buffer) => buffer;
    const path = '/lvsd.v1.ClusterService/DrainCluster';
    client.makeUnaryRequest(path, asIs, asIs, Buffer.alloc(0), new Metadata(), resolve);
  });
  assert.equal(error?.code, status.UNIMPLEMENTED);
  client.close();
});
