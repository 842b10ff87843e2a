/** A DomainError as gRPC tells it: status, message, and google.rpc.Status with details in `grpc-status-details-bin`. */
import { create, type DescMessage, toBinary } from '@bufbuild/protobuf';
import { anyPack, DurationSchema } from '@bufbuild/protobuf/wkt';
import { Metadata, type status } from '@grpc/grpc-js';
import type { DomainError, Violation } from '../domain/errors.js';
import { fieldPath } from './convert/field-path.js';
import {
  BadRequestSchema,
  ErrorInfoSchema,
  RequestInfoSchema,
  RetryInfoSchema,
} from './gen/google/rpc/error_details_pb.js';
import { StatusSchema } from './gen/google/rpc/status_pb.js';
import { STATUS_BY_CODE } from './status.js';

/** Clients refuse trailers of more than 8 KiB, so long texts and lists are cut, and how many violations are left out is told. */
const MESSAGE_CHARACTERS = 1024;
const METADATA_CHARACTERS = 256;
const VIOLATION_BYTES = 3072;

const ERROR_DOMAIN = 'lvsd';

export interface Failure {
  readonly code: status;
  readonly details: string;
  readonly metadata: Metadata;
}

/** `input` is the request's message, in whose words the fields at fault are named. */
export function failureOf(error: DomainError, input: DescMessage, requestId: string): Failure {
  const code = STATUS_BY_CODE[error.code];
  const message = shortened(error.message, MESSAGE_CHARACTERS);
  const violations = fitting(error.violations.map((violation) => fieldViolation(violation, input)));
  const leftOut = error.violations.length - violations.length;
  const details = [
    anyPack(
      ErrorInfoSchema,
      create(ErrorInfoSchema, {
        reason: error.reason,
        domain: ERROR_DOMAIN,
        metadata: {
          ...shortenedValues(error.metadata),
          ...(leftOut > 0 && { violationsLeftOut: String(leftOut) }),
        },
      }),
    ),
    anyPack(RequestInfoSchema, create(RequestInfoSchema, { requestId })),
  ];
  const { retryAfterSeconds } = error;
  if (retryAfterSeconds !== undefined) {
    const retryDelay = create(DurationSchema, { seconds: BigInt(retryAfterSeconds) });
    details.push(anyPack(RetryInfoSchema, create(RetryInfoSchema, { retryDelay })));
  }
  if (violations.length > 0) {
    details.push(anyPack(BadRequestSchema, create(BadRequestSchema, { fieldViolations: violations })));
  }
  const metadata = new Metadata();
  const status = create(StatusSchema, { code, message, details });
  metadata.set('grpc-status-details-bin', Buffer.from(toBinary(StatusSchema, status)));
  return { code, details: message, metadata };
}

interface FieldViolation {
  readonly field: string;
  readonly description: string;
  readonly reason: string;
}

function fieldViolation({ pointer, detail, reason }: Violation, input: DescMessage): FieldViolation {
  return { field: fieldPath(input, pointer), description: shortened(detail, MESSAGE_CHARACTERS), reason };
}

function fitting(violations: readonly FieldViolation[]): FieldViolation[] {
  let room = VIOLATION_BYTES;
  return violations.filter(({ field, description, reason }) => {
    room -= Buffer.byteLength(field + description + reason);
    return room >= 0;
  });
}

function shortenedValues(metadata: DomainError['metadata']): Record<string, string> {
  const entries = Object.entries(metadata);
  return Object.fromEntries(entries.map(([key, value]) => [key, shortened(value, METADATA_CHARACTERS)]));
}

/** Also makes the text well-formed: half of a surrogate pair, which cutting may leave, cannot be sent. */
function shortened(text: string, characters: number): string {
  const cut = text.length <= characters ? text : `${text.slice(0, characters - 1)}…`;
  return cut.replaceAll(/\p{Surrogate}/gu, '\ufffd');
}
