/** Ends work that nobody waits for any more. */
import type { FastifyInstance, FastifyReply } from 'fastify';
import { DomainError } from '../domain/errors.js';

/** Gives the signal of one call: it aborts when its client has gone, and with SHUTTING_DOWN when the server stops. */
export type CallSignals = (reply: FastifyReply) => AbortSignal;

export function createCallSignals(app: FastifyInstance): CallSignals {
  const running = new Set<AbortController>();
  app.addHook('preClose', async () => {
    const reason = new DomainError('SHUTTING_DOWN', 'The server is stopping: try again in a moment.');
    for (const call of running) call.abort(reason);
  });
  return ({ raw }) => {
    const call = new AbortController();
    running.add(call);
    raw.once('close', () => {
      running.delete(call);
      call.abort();
    });
    return call.signal;
  };
}
