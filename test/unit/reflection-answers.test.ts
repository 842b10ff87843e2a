import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create, type DescFile, fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { file_google_rpc_status } from '../../src/api-grpc/gen/google/rpc/status_pb.js';
import {
  type ServerReflectionRequest,
  ServerReflectionRequestSchema,
} from '../../src/api-grpc/gen/grpc/reflection/v1/reflection_pb.js';
import { file_health_v1_health } from '../../src/api-grpc/gen/health/v1/health_pb.js';
import { createReflectionAnswers } from '../../src/api-grpc/reflection-answers.js';

const NOT_FOUND = 5;
const UNIMPLEMENTED = 12;

const answers = createReflectionAnswers([file_health_v1_health, file_google_rpc_status]);

function ask(messageRequest: ServerReflectionRequest['messageRequest']) {
  const request = create(ServerReflectionRequestSchema, { host: 'here', messageRequest });
  const { validHost, originalRequest, messageResponse } = answers(request);
  assert.deepEqual([validHost, originalRequest], ['here', request]);
  return messageResponse;
}

function filesOf(answer: ReturnType<typeof ask>): string[] {
  assert.equal(answer.case, 'fileDescriptorResponse');
  return answer.value.fileDescriptorProto.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes).name);
}

function errorOf(answer: ReturnType<typeof ask>): number {
  assert.equal(answer.case, 'errorResponse');
  assert.notEqual(answer.value.errorMessage, '');
  return answer.value.errorCode;
}

const nameOf = (file: DescFile) => file.proto.name;

test('services are listed by their full names', () => {
  const answer = ask({ case: 'listServices', value: '*' });
  assert.equal(answer.case, 'listServicesResponse');
  assert.deepEqual(
    answer.value.service.map(({ name }) => name),
    ['grpc.health.v1.Health'],
  );
});

test('a file comes first, and all that it imports after it, once', () => {
  const name = nameOf(file_google_rpc_status);
  assert.deepEqual(filesOf(ask({ case: 'fileByFilename', value: name })), [
    name,
    'google/protobuf/any.proto',
  ]);
  assert.equal(errorOf(ask({ case: 'fileByFilename', value: 'other.proto' })), NOT_FOUND);
});

for (const symbol of [
  'grpc.health.v1.Health',
  'grpc.health.v1.Health.Watch',
  'grpc.health.v1.HealthCheckRequest',
  'grpc.health.v1.HealthCheckRequest.service',
  'grpc.health.v1.HealthCheckResponse.ServingStatus',
  'grpc.health.v1.HealthCheckResponse.ServingStatus.SERVING',
]) {
  test(`the file of ${symbol} is found`, () =>
    assert.deepEqual(filesOf(ask({ case: 'fileContainingSymbol', value: symbol })), [
      nameOf(file_health_v1_health),
    ]));
}

for (const symbol of ['', 'grpc', 'grpc.health.v1', 'Health', 'grpc.health.v1.Health.Other']) {
  test(`there is no symbol "${symbol}"`, () =>
    assert.equal(errorOf(ask({ case: 'fileContainingSymbol', value: symbol })), NOT_FOUND));
}

test('messages without extensions have none, and others are not known', () => {
  const typeName = 'grpc.health.v1.HealthCheckRequest';
  const none = ask({ case: 'allExtensionNumbersOfType', value: typeName });
  assert.equal(none.case, 'allExtensionNumbersResponse');
  assert.deepEqual([none.value.baseTypeName, none.value.extensionNumber], [typeName, []]);
  assert.equal(errorOf(ask({ case: 'allExtensionNumbersOfType', value: 'other.Message' })), NOT_FOUND);
  const extension = { containingType: typeName, extensionNumber: 1 };
  const request = create(ServerReflectionRequestSchema, {
    messageRequest: { case: 'fileContainingExtension', value: extension },
  });
  assert.equal(errorOf(ask(request.messageRequest)), NOT_FOUND);
});

test('a request that asks for nothing is told so', () => {
  assert.equal(errorOf(ask({ case: undefined })), UNIMPLEMENTED);
});
