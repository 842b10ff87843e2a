/** A test server with a client that learned its gRPC API by reflection, and short names for what tests do with them. */
import assert from 'node:assert/strict';
import type { JsonObject } from '@bufbuild/protobuf';
import { type ServiceError, status } from '@grpc/grpc-js';
import { type CallOptions, connectByReflection, type ReflectionClient } from './grpc-reflection-client.js';
import { startTestServer, type TestServer } from './server.js';

export interface Refusal {
  /** Name of the gRPC status, such as NOT_FOUND. */
  readonly code: string;
  readonly message: string;
  /** Of google.rpc.ErrorInfo. */
  readonly reason: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** Of google.rpc.BadRequest: [field, reason] each. */
  readonly violations: readonly (readonly [string, string])[];
  /** Of google.rpc.RequestInfo. */
  readonly requestId: string;
}

export interface GrpcSession {
  readonly server: TestServer;
  readonly client: ReflectionClient;
  /** The answer to `ClusterService/GetCluster` and the like. */
  call(method: string, request: JsonObject, options?: CallOptions): Promise<JsonObject>;
  /** Fails the test when the call succeeds. */
  refused(call: Promise<unknown>): Promise<Refusal>;
  stop(): Promise<void>;
}

export async function startGrpcSession(): Promise<GrpcSession> {
  const server = await startTestServer();
  const client = await connectByReflection(server.grpcAddress, { token: server.adminToken });
  return {
    server,
    client,
    async call(method, request, options) {
      return (await client.call(`lvsd.v1.${method}`, request, options)).answer;
    },
    async refused(call) {
      const error = await call.then(
        (answer) => assert.fail(`it succeeded: ${JSON.stringify(answer)}`),
        (failure: ServiceError) => failure,
      );
      return refusalOf(client, error);
    },
    async stop() {
      client.close();
      await server.stop();
    },
  };
}

export function refusalOf(client: ReflectionClient, error: ServiceError): Refusal {
  const details = client.details(error);
  const detail = (name: string) =>
    details.find((one) => one['@type'] === `type.googleapis.com/google.rpc.${name}`) ?? {};
  const { reason, domain, metadata } = detail('ErrorInfo');
  assert.equal(domain, 'lvsd', error.message);
  const violations = (detail('BadRequest').fieldViolations ?? []) as Record<string, string>[];
  return {
    code: status[error.code] ?? String(error.code),
    message: error.details,
    reason: String(reason),
    metadata: metadata as Record<string, string>,
    violations: violations.map(({ field = '', reason: why = '' }) => [field, why]),
    requestId: String(detail('RequestInfo').requestId),
  };
}
