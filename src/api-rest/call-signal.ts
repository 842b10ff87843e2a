/** Ends work that nobody waits for any more, or nobody may see any more. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Control } from '../control/control.js';
import { DomainError } from '../domain/errors.js';
import { credentialsOf } from './authentication.js';

export interface CallSignals {
  /** Of one call: aborts when its client has gone, and with SHUTTING_DOWN when the server stops. */
  ofCall(reply: FastifyReply): AbortSignal;
  /**
   * Of a call whose answer is a stream: aborts also when its credentials are no longer good. Counts the stream; throws
   * TOO_MANY_STREAMS.
   */
  ofStream(request: FastifyRequest, reply: FastifyReply): AbortSignal;
}

export function createCallSignals(app: FastifyInstance, { admission }: Control): CallSignals {
  const running = new Set<AbortController>();
  app.addHook('preClose', async () => {
    const reason = new DomainError('SHUTTING_DOWN', 'The server is stopping: try again in a moment.');
    for (const call of running) call.abort(reason);
  });

  function begin({ raw }: FastifyReply): AbortController {
    const call = new AbortController();
    running.add(call);
    raw.once('close', () => {
      running.delete(call);
      call.abort();
    });
    return call;
  }

  return {
    ofCall: (reply) => begin(reply).signal,
    ofStream(request, reply) {
      if (!request.principal) throw new Error(`${request.url} is not in the authenticated scope`);
      const stream = admission.openStream(credentialsOf(request), request.principal);
      reply.raw.once('close', () => stream.close());
      const call = begin(reply);
      // Not AbortSignal.any: Node keeps such a signal, and what its listeners hold, for as long as it has any.
      stream.signal.addEventListener('abort', () => call.abort(stream.signal.reason));
      return call.signal;
    },
  };
}
