import type { FastifyReply, FastifyRequest } from 'fastify';

/** Says of an answer that it is the one that an earlier call with this key was given. */
export async function markReplayed({ retryKey }: FastifyRequest, reply: FastifyReply): Promise<void> {
  if (retryKey?.isReplayed) reply.header('idempotency-replayed', 'true');
}
