/** Which methods a path has: fastify's router answers only whether one method has the path. */
export interface AllowedMethods {
  add(pattern: string, methods: string | readonly string[]): void;
  /** Sorted, OPTIONS included; empty for a path that no route has. */
  of(path: string): string[];
}

export function createAllowedMethods(): AllowedMethods {
  const routes = new Map<string, { matcher: RegExp; methods: Set<string> }>();
  return {
    add(pattern, methods) {
      const route = routes.get(pattern) ?? { matcher: matcherOf(pattern), methods: new Set(['OPTIONS']) };
      for (const method of [methods].flat()) route.methods.add(method);
      routes.set(pattern, route);
    },
    of(path) {
      const found = [...routes.values()].filter(({ matcher }) => matcher.test(path));
      return [...new Set(found.flatMap(({ methods }) => [...methods]))].sort();
    },
  };
}

/** A route pattern such as `/v1/projects/:project/clusters` or `/docs/static/*`. */
function matcherOf(pattern: string): RegExp {
  const source = pattern
    .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
    .replace(/:[A-Za-z]+/g, '[^/]+')
    .replace(/\*$/, '.*');
  return new RegExp(`^${source}$`);
}
