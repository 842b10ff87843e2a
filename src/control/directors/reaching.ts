import { DomainError } from '../../domain/errors.js';
import { KernelUnavailableError } from '../../driver/kernel-error.js';

/** What an exchange with the kernel gives. Rejects with KERNEL_UNAVAILABLE when the kernel cannot be reached. */
export async function reaching<T>(work: Promise<T>): Promise<T> {
  return work.catch(unreachable);
}

/** Likewise for what comes in pieces. */
export async function* reachingAll<T>(pieces: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* pieces;
  } catch (error) {
    unreachable(error);
  }
}

function unreachable(error: unknown): never {
  if (!(error instanceof KernelUnavailableError)) throw error;
  throw new DomainError('KERNEL_UNAVAILABLE', `The kernel cannot be reached: ${error.message}`, {
    cause: error,
  });
}
