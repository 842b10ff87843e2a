/** How a route that will go says so in every answer: Deprecation (RFC 9745) and Sunset (RFC 8594). */
import type { FastifyInstance } from 'fastify';

export interface Deprecation {
  /** RFC 3339: since when there is something better. */
  readonly since: string;
  /** RFC 3339: from when on it may be gone; docs/versioning.md says how long that must be. */
  readonly sunset: string;
}

/** Must come before all routes. */
export function registerDeprecation(app: FastifyInstance): void {
  app.addHook('onRoute', (route) => {
    const { deprecation } = (route.schema ?? {}) as { deprecation?: Deprecation };
    if (!deprecation) return;
    const headers = deprecationHeaders(deprecation);
    route.onRequest = [
      async (_request, reply) => void reply.headers(headers),
      ...[route.onRequest ?? []].flat(),
    ];
  });
}

function deprecationHeaders({ since, sunset }: Deprecation): Record<string, string> {
  return {
    // a structured date: seconds since 1970
    deprecation: `@${Math.floor(Date.parse(since) / 1000)}`,
    sunset: new Date(sunset).toUTCString(),
  };
}
