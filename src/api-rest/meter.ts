/** Every answered request is measured under the name of its operation. */
import type { FastifyInstance } from 'fastify';

export interface Meter {
  observeCall(call: {
    readonly transport: 'rest';
    readonly operation: string;
    readonly code: string;
    readonly seconds: number;
  }): void;
  readonly registry: {
    readonly contentType: string;
    metrics(): Promise<string>;
  };
}

/** Must come before all routes. */
export function registerMeter(app: FastifyInstance, meter: Meter): void {
  app.addHook('onResponse', async ({ routeOptions }, reply) => {
    meter.observeCall({
      transport: 'rest',
      operation: (routeOptions.schema as { operationId?: string } | undefined)?.operationId ?? '',
      code: String(reply.statusCode),
      seconds: reply.elapsedTime / 1000,
    });
  });
}
