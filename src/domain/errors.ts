/**
 * The one error table. `code` is a canonical google.rpc code; the two API layers hold the only mappings from code (and,
 * for a few, reason) to HTTP statuses and gRPC numbers. Reasons are stable: clients branch on them.
 */
export type ErrorCode =
  | 'INVALID_ARGUMENT'
  | 'FAILED_PRECONDITION'
  | 'NOT_FOUND'
  | 'ALREADY_EXISTS'
  | 'ABORTED'
  | 'UNAUTHENTICATED'
  | 'PERMISSION_DENIED'
  | 'RESOURCE_EXHAUSTED'
  | 'UNAVAILABLE'
  | 'UNIMPLEMENTED'
  | 'INTERNAL';

interface ReasonEntry {
  readonly code: ErrorCode;
  readonly title: string;
  /** Of what passes by itself: how long a caller best waits before it calls again. */
  readonly retryAfterSeconds?: number;
}

export const REASONS = {
  // the shape of a request
  VALIDATION_FAILED: { code: 'INVALID_ARGUMENT', title: 'Several fields are invalid' },
  FIELD_INVALID: { code: 'INVALID_ARGUMENT', title: 'A field has an invalid value' },
  FIELD_REQUIRED: { code: 'INVALID_ARGUMENT', title: 'A required field is missing' },
  FIELD_UNKNOWN: { code: 'INVALID_ARGUMENT', title: 'A field is not known' },
  CHANGES_COLLIDE: { code: 'INVALID_ARGUMENT', title: 'Two changes are about one resource' },
  NAME_MISMATCH: { code: 'INVALID_ARGUMENT', title: 'The name in the body is not the one in the path' },
  MALFORMED_BODY: { code: 'INVALID_ARGUMENT', title: 'The body cannot be read' },
  MALFORMED_REQUEST: { code: 'INVALID_ARGUMENT', title: 'The request is not valid HTTP' },
  HEADERS_TOO_LARGE: { code: 'RESOURCE_EXHAUSTED', title: 'The header fields are too large' },
  REQUEST_TIMEOUT: { code: 'UNAVAILABLE', title: 'The request did not arrive in time' },
  FILTER_INVALID: { code: 'INVALID_ARGUMENT', title: 'The filter cannot be read' },
  PAGE_TOKEN_INVALID: { code: 'INVALID_ARGUMENT', title: 'The page token does not belong to this query' },
  BODY_TOO_LARGE: { code: 'RESOURCE_EXHAUSTED', title: 'The body is too large' },
  UNSUPPORTED_MEDIA_TYPE: { code: 'INVALID_ARGUMENT', title: 'The media type is not supported' },
  NOT_ACCEPTABLE: { code: 'INVALID_ARGUMENT', title: 'No representation matches the Accept header' },
  METHOD_NOT_ALLOWED: { code: 'UNIMPLEMENTED', title: 'The resource does not have this method' },
  ROUTE_NOT_FOUND: { code: 'NOT_FOUND', title: 'No such path' },

  // what a valid definition is
  ADDRESS_INVALID: { code: 'INVALID_ARGUMENT', title: 'Not an IPv4 or IPv6 address' },
  ADDRESS_NOT_UNICAST: { code: 'INVALID_ARGUMENT', title: 'The address does not stand for one host' },
  FRONTEND_INCOMPLETE: {
    code: 'INVALID_ARGUMENT',
    title: 'A virtual service needs protocol, address and port, or fwmark and family',
  },
  FRONTEND_AMBIGUOUS: {
    code: 'INVALID_ARGUMENT',
    title: 'A firewall-mark service has no protocol, address or port',
  },
  FRONTEND_TAKEN: { code: 'ALREADY_EXISTS', title: 'Another virtual service has this frontend' },
  REAL_SERVER_TAKEN: { code: 'ALREADY_EXISTS', title: 'The virtual service already has this real server' },
  VIP_INTERFACE_TAKEN: {
    code: 'ALREADY_EXISTS',
    title: 'Another cluster binds this address to another interface',
  },
  FOREIGN_ENTRY: {
    code: 'ALREADY_EXISTS',
    title: 'The kernel holds this entry already, made by somebody else',
  },
  PORT_MAPPING_UNSUPPORTED: {
    code: 'INVALID_ARGUMENT',
    title: 'This forwarding method cannot change the port',
  },
  PORT_ZERO_NEEDS_PERSISTENCE: {
    code: 'INVALID_ARGUMENT',
    title: 'Port 0 (all ports) needs persistence or a firewall mark',
  },
  FAMILY_MISMATCH: { code: 'INVALID_ARGUMENT', title: 'Address families may differ only with tunnelling' },
  ONE_PACKET_NEEDS_UDP: { code: 'INVALID_ARGUMENT', title: 'One-packet scheduling needs UDP' },
  SIP_ENGINE_NEEDS_UDP: { code: 'INVALID_ARGUMENT', title: 'The sip persistence engine needs UDP' },
  SCHEDULER_FLAG_MISMATCH: {
    code: 'INVALID_ARGUMENT',
    title: 'The scheduler does not have this flag',
  },
  PREFIX_LENGTH_OUT_OF_RANGE: {
    code: 'INVALID_ARGUMENT',
    title: 'The prefix is longer than the address',
  },
  THRESHOLDS_CROSSED: {
    code: 'INVALID_ARGUMENT',
    title: 'The lower threshold is above the upper threshold',
  },
  TUNNEL_NEEDS_TUN: { code: 'INVALID_ARGUMENT', title: 'Tunnel settings need the method tun' },
  TUNNEL_PORT_NEEDED: { code: 'INVALID_ARGUMENT', title: 'A GUE tunnel needs a port' },
  TUNNEL_PORT_UNSUPPORTED: { code: 'INVALID_ARGUMENT', title: 'Only a GUE tunnel has a port' },
  TUNNEL_CHECKSUM_UNSUPPORTED: {
    code: 'INVALID_ARGUMENT',
    title: 'The tunnel type does not have this checksum option',
  },
  FULLNAT_NOT_SHARED: {
    code: 'INVALID_ARGUMENT',
    title: 'Fullnat and nat do not go together in one virtual service',
  },
  SNAT_NOT_SHARED: {
    code: 'INVALID_ARGUMENT',
    title: 'Source NAT is the same for all real servers of a virtual service',
  },
  SNAT_NEEDS_FULLNAT: { code: 'INVALID_ARGUMENT', title: 'SNAT settings need the method fullnat' },
  GROUP_NOT_MULTICAST: { code: 'INVALID_ARGUMENT', title: 'The group is no multicast address' },
  SYNC_EXCLUDES_MIXED_FAMILIES: {
    code: 'FAILED_PRECONDITION',
    title: 'Connection synchronisation and real servers of the other family exclude each other',
  },
  ADOPTION_NEEDS_MORE: {
    code: 'FAILED_PRECONDITION',
    title: 'The adopting cluster needs what is not there',
  },
  VIP_NOT_ALLOWED: { code: 'FAILED_PRECONDITION', title: 'The project may not have this VIP' },
  PORT_NOT_ALLOWED: { code: 'FAILED_PRECONDITION', title: 'The project may not serve this port' },
  FWMARK_NOT_ALLOWED: { code: 'FAILED_PRECONDITION', title: 'The project may not use this firewall mark' },
  RIP_NOT_ALLOWED: {
    code: 'FAILED_PRECONDITION',
    title: 'The project may not have real servers at this address',
  },
  SNAT_NOT_ALLOWED: { code: 'FAILED_PRECONDITION', title: 'The project may not use this source address' },
  FORWARDING_NOT_ALLOWED: {
    code: 'FAILED_PRECONDITION',
    title: 'The project may not use this forwarding method',
  },
  INTERFACE_NOT_ALLOWED: {
    code: 'FAILED_PRECONDITION',
    title: 'The project may not have VIPs bound to this interface',
  },
  QUOTA_EXCEEDED: { code: 'RESOURCE_EXHAUSTED', title: 'The project has as many resources as it may have' },
  CAPABILITY_MISSING: { code: 'FAILED_PRECONDITION', title: 'The director cannot do this' },

  IMPORT_FAULTY: { code: 'INVALID_ARGUMENT', title: 'The configuration has faults' },
  IMPORT_FORMAT_UNKNOWN: {
    code: 'INVALID_ARGUMENT',
    title: 'Neither the name nor the content of the file tells its format',
  },
  PRUNE_NEEDED: { code: 'FAILED_PRECONDITION', title: 'The import would delete what it does not mention' },

  // watching
  REVISION_AHEAD: { code: 'INVALID_ARGUMENT', title: 'The revision is newer than the newest' },
  SLOW_CONSUMER: { code: 'RESOURCE_EXHAUSTED', title: 'The stream is not read fast enough' },

  // resources
  PROJECT_NOT_FOUND: { code: 'NOT_FOUND', title: 'No such project' },
  CLUSTER_NOT_FOUND: { code: 'NOT_FOUND', title: 'No such cluster' },
  VIRTUAL_SERVICE_NOT_FOUND: { code: 'NOT_FOUND', title: 'No such virtual service' },
  REAL_SERVER_NOT_FOUND: { code: 'NOT_FOUND', title: 'No such real server' },
  DIRECTOR_NOT_FOUND: { code: 'NOT_FOUND', title: 'No such director' },
  AUDIT_EVENT_NOT_FOUND: { code: 'NOT_FOUND', title: 'No such audit event' },
  TOKEN_NOT_FOUND: { code: 'NOT_FOUND', title: 'No such token' },
  DRAIN_NOT_FOUND: { code: 'NOT_FOUND', title: 'No such drain' },
  DRAIN_CANNOT_BE_CUT: { code: 'FAILED_PRECONDITION', title: 'This drain cannot be cut by itself' },
  REVISION_ARCHIVED: { code: 'NOT_FOUND', title: 'The revision is in an archive file' },
  REVISION_NOT_FOUND: { code: 'NOT_FOUND', title: 'No such revision' },
  NAME_TAKEN: { code: 'ALREADY_EXISTS', title: 'The name is taken' },
  PROJECT_PERMANENT: { code: 'FAILED_PRECONDITION', title: 'This project cannot be deleted' },
  HAS_CHILDREN: { code: 'FAILED_PRECONDITION', title: 'The resource still has children' },
  TOO_MANY_DELETIONS: { code: 'FAILED_PRECONDITION', title: 'More would be deleted than the request allows' },
  IDEMPOTENCY_KEY_REUSED: {
    code: 'FAILED_PRECONDITION',
    title: 'The idempotency key was used for another call',
  },
  ETAG_MISMATCH: { code: 'ABORTED', title: 'The resource is not at the revision that the request names' },

  // the kernel
  KERNEL_ENTRY_NOT_FOUND: { code: 'NOT_FOUND', title: 'The kernel has no such entry' },
  KERNEL_TABLE_CHANGED: {
    code: 'ABORTED',
    title: "Somebody else changed the kernel's table meanwhile",
  },
  KERNEL_REFUSED: { code: 'FAILED_PRECONDITION', title: 'The kernel refused the change' },
  DRIFT_REPORTED: {
    code: 'FAILED_PRECONDITION',
    title: 'The kernel differs, and the drift policy is to report that',
  },
  DRIFT_HELD: { code: 'FAILED_PRECONDITION', title: 'Too much drift to remove without being asked' },
  KERNEL_UNAVAILABLE: { code: 'UNAVAILABLE', title: 'The kernel cannot be reached', retryAfterSeconds: 2 },

  // callers
  UNAUTHENTICATED: { code: 'UNAUTHENTICATED', title: 'A valid token is needed' },
  ISSUER_UNAVAILABLE: { code: 'UNAVAILABLE', title: 'The issuer of the token cannot be reached' },
  PERMISSION_DENIED: { code: 'PERMISSION_DENIED', title: 'The role does not allow this' },
  RATE_LIMITED: { code: 'RESOURCE_EXHAUSTED', title: 'The caller calls too often' },
  TOO_MANY_STREAMS: { code: 'RESOURCE_EXHAUSTED', title: 'The caller has too many open streams' },
  HOST_REFUSED: { code: 'PERMISSION_DENIED', title: 'The Host or Origin header is not one of this server' },

  // ourselves
  ARCHIVE_FAILED: { code: 'UNAVAILABLE', title: 'The audit archive cannot be written' },
  READ_ONLY: { code: 'FAILED_PRECONDITION', title: 'This server is read-only' },
  STORE_UNAVAILABLE: { code: 'UNAVAILABLE', title: 'The database cannot be written', retryAfterSeconds: 5 },
  SHUTTING_DOWN: { code: 'UNAVAILABLE', title: 'The server is stopping', retryAfterSeconds: 2 },
  INTERNAL: { code: 'INTERNAL', title: 'A defect in lvsd' },
} as const satisfies Record<string, ReasonEntry>;

export type Reason = keyof typeof REASONS;

/** One thing wrong with one field. */
export interface Violation {
  readonly reason: Reason;
  /** JSON pointer (RFC 6901) into the request's body; empty for the body as a whole. */
  readonly pointer: string;
  /** A sentence that names the field's fault and the remedy. */
  readonly detail: string;
}

interface DomainErrorOptions {
  /** Facts for machines; values are text because gRPC's ErrorInfo has only text. */
  readonly metadata?: Readonly<Record<string, string>>;
  readonly violations?: readonly Violation[];
  readonly cause?: unknown;
}

/** Every error that a caller may see. `message` says what to do. */
export class DomainError extends Error {
  readonly reason: Reason;
  readonly metadata: Readonly<Record<string, string>>;
  readonly violations: readonly Violation[];

  constructor(reason: Reason, message: string, options: DomainErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'DomainError';
    this.reason = reason;
    this.metadata = options.metadata ?? {};
    this.violations = options.violations ?? [];
  }

  get code(): ErrorCode {
    return REASONS[this.reason].code;
  }

  get title(): string {
    return REASONS[this.reason].title;
  }

  /** Digits; undefined when waiting alone does not help. */
  get retryAfterSeconds(): string | undefined {
    const { retryAfterSeconds }: ReasonEntry = REASONS[this.reason];
    return this.metadata.retryAfterSeconds ?? retryAfterSeconds?.toString();
  }
}

/** One error for all violations of a request: their common reason, or VALIDATION_FAILED when they differ. */
export function violationError(violations: readonly [Violation, ...Violation[]]): DomainError {
  const [first] = violations;
  const reason = violations.every((one) => one.reason === first.reason) ? first.reason : 'VALIDATION_FAILED';
  const message =
    violations.length === 1
      ? first.detail
      : `${violations.length} fields are wrong: ${violations.map((one) => one.detail).join(' ')}`;
  return new DomainError(reason, message, { violations });
}
