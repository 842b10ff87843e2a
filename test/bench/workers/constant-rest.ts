/** The floor of REST: fastify reading a JSON body and answering a constant. */
import type { AddressInfo } from 'node:net';
import fastify from 'fastify';
import { serveCalls } from '../worker.js';

export interface ConstantRestCalls {
  /** Answers every GET and PATCH with so many bytes of JSON. Returns the port. */
  start(bytes: number): Promise<number>;
  cpuMicros(): number;
}

serveCalls<ConstantRestCalls>({
  async start(bytes) {
    const app = fastify();
    const body = JSON.stringify('x'.repeat(Math.max(0, bytes - 2)));
    app.route({
      method: ['GET', 'PATCH'],
      url: '/*',
      handler: async (_, reply) => reply.type('application/json').send(body),
    });
    await app.listen({ host: '127.0.0.1', port: 0 });
    return (app.server.address() as AddressInfo).port;
  },
  cpuMicros() {
    const { user, system } = process.cpuUsage();
    return user + system;
  },
});
