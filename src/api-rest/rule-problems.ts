/** The rules of `domain/rules.ts` that a write of each kind may break: its own, and those of what inherits from it. */
import type { Reason } from '../domain/errors.js';

const ADDRESS_RULES: readonly Reason[] = ['ADDRESS_INVALID', 'ADDRESS_NOT_UNICAST'];

const FORWARDING_RULES: readonly Reason[] = [
  'TUNNEL_NEEDS_TUN',
  'TUNNEL_PORT_NEEDED',
  'TUNNEL_PORT_UNSUPPORTED',
  'TUNNEL_CHECKSUM_UNSUPPORTED',
  'SNAT_NEEDS_FULLNAT',
];

/** What forwarding may be refused for where it meets services and real servers. */
const PAIRING_RULES: readonly Reason[] = [
  'PORT_MAPPING_UNSUPPORTED',
  'FAMILY_MISMATCH',
  'SYNC_EXCLUDES_MIXED_FAMILIES',
  'FULLNAT_NOT_SHARED',
  'SNAT_NOT_SHARED',
];

/** What a project may be refused, whatever it is that inherits it. */
const LIMITS: readonly Reason[] = ['FORWARDING_NOT_ALLOWED', 'SNAT_NOT_ALLOWED', 'QUOTA_EXCEEDED'];

export const CLUSTER_RULES: readonly Reason[] = [
  ...FORWARDING_RULES,
  ...PAIRING_RULES,
  ...ADDRESS_RULES,
  ...LIMITS,
  'INTERFACE_NOT_ALLOWED',
  'VIP_INTERFACE_TAKEN',
  'FOREIGN_ENTRY',
];

export const VIRTUAL_SERVICE_RULES: readonly Reason[] = [
  ...CLUSTER_RULES,
  'FRONTEND_INCOMPLETE',
  'FRONTEND_AMBIGUOUS',
  'FRONTEND_TAKEN',
  'PORT_ZERO_NEEDS_PERSISTENCE',
  'SCHEDULER_FLAG_MISMATCH',
  'ONE_PACKET_NEEDS_UDP',
  'SIP_ENGINE_NEEDS_UDP',
  'PREFIX_LENGTH_OUT_OF_RANGE',
  'VIP_NOT_ALLOWED',
  'PORT_NOT_ALLOWED',
  'FWMARK_NOT_ALLOWED',
];

export const REAL_SERVER_RULES: readonly Reason[] = [
  ...ADDRESS_RULES,
  ...FORWARDING_RULES,
  ...PAIRING_RULES,
  ...LIMITS,
  'RIP_NOT_ALLOWED',
  'THRESHOLDS_CROSSED',
  'REAL_SERVER_TAKEN',
  'FOREIGN_ENTRY',
];

export const DEFINITION_RULES: readonly Reason[] = [...VIRTUAL_SERVICE_RULES, ...REAL_SERVER_RULES];
