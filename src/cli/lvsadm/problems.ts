/** From the problems of lvsd's API to the words and the exit status of ipvsadm. */
import { ApiError } from '../api-client.js';
import { EXIT_NO_SERVICE, Refusal, WORDS } from './answer.js';

const REASON_WORDS: Readonly<Record<string, string>> = {
  FRONTEND_TAKEN: WORDS.serviceExists,
  REAL_SERVER_TAKEN: WORDS.destinationExists,
  KERNEL_ENTRY_NOT_FOUND: WORDS.noService,
  VIRTUAL_SERVICE_NOT_FOUND: WORDS.noService,
  REAL_SERVER_NOT_FOUND: WORDS.noDestination,
  THRESHOLDS_CROSSED: WORDS.range,
  SYNC_EXCLUDES_MIXED_FAMILIES: WORDS.invalid,
};

/** By errno of the kernel; ENOENT depends on the command, but lvsd never names a destination that is not there. */
const ERRNO_WORDS: Readonly<Record<string, string>> = {
  EINVAL: WORDS.invalid,
  ENOENT: WORDS.noScheduler,
  ESRCH: WORDS.noService,
  EEXIST: WORDS.destinationExists,
  ERANGE: WORDS.range,
  ENODEV: 'No such device',
  ENOMEM: 'Memory allocation problem',
  EAFNOSUPPORT: 'Operation not supported with IPv6',
  EOPNOTSUPP: 'Operation not supported with specified address family',
};

/** Statuses by which the server says that it does not work, or not for this caller. */
const NO_SERVICE = new Set([401, 403, 429, 500, 503]);

export function refusalOf(error: ApiError): Refusal {
  const { status, reason, metadata = {}, errors = [] } = error.problem;
  if (NO_SERVICE.has(status)) return new Refusal(null, { hint: error.message, status: EXIT_NO_SERVICE });
  const words = reason === 'KERNEL_REFUSED' ? ERRNO_WORDS[metadata.errnoName ?? ''] : REASON_WORDS[reason];
  if (words !== undefined) return new Refusal(words, isTold(words) ? {} : { hint: error.message });
  if (errors.some(isUnknownModule)) return new Refusal(WORDS.noScheduler);
  if (reason === 'ADDRESS_NOT_UNICAST') return new Refusal(WORDS.invalid, { hint: error.message });
  return new Refusal(null, { hint: error.message });
}

/** A scheduler or engine that this kernel does not have, or no kernel. */
function isUnknownModule({
  pointer,
  reason,
}: {
  readonly pointer: string;
  readonly reason: string;
}): boolean {
  return /\/(scheduler|engine)$/.test(pointer) && /^(FIELD_INVALID|CAPABILITY_MISSING)$/.test(reason);
}

/** Whether the words say as much as lvsd would. */
function isTold(words: string): boolean {
  return words !== WORDS.invalid;
}

/** Work of which lvsd's refusals become ipvsadm's. */
export async function inWords<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw error instanceof ApiError ? refusalOf(error) : error;
  }
}
