/** Everybody who could call: without a token, and with each role on the whole server, in the project asked for, and in another. */
import { ROLES, type Role } from '../../src/control/operations.js';
import type { TestServer } from './server.js';

export type Reach = 'server' | 'project' | 'elsewhere';

export interface Caller {
  /** For messages: `editor of project`. */
  readonly name: string;
  readonly token: string | null;
  readonly role: Role | null;
  readonly reach: Reach | null;
}

/** All requests are about project `default`; the other project is `elsewhere`. */
export async function everyCaller(server: TestServer): Promise<Caller[]> {
  const projects = { server: null, project: 'default', elsewhere: 'elsewhere' } as const;
  const callers: Caller[] = [{ name: 'nobody', token: null, role: null, reach: null }];
  for (const reach of ['server', 'project', 'elsewhere'] as const) {
    for (const role of ROLES) {
      const token = await server.createToken(role, projects[reach]);
      callers.push({ name: `${role} of ${reach}`, token, role, reach });
    }
  }
  return callers;
}
