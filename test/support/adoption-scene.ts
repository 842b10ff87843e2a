/** For tests of adoption: a server on a memory kernel in which somebody else has been at work. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { AdoptionAnswer, Call, Control } from '../../src/control/control.js';
import type { Adoption } from '../../src/domain/schema/adoption.js';
import type { Operation } from '../../src/domain/table.js';
import { admin, createWorld, frontend, project } from './control-world.js';
import { newDestination, newService } from './operations.js';
import { watchDriver } from './watched-driver.js';

export const legacy = { ...project, cluster: 'legacy' };
export const dns = { protocol: 'udp', address: '192.0.2.20', port: 53 } as const;
export const rip = { address: '10.0.0.1', port: 80 };
export const rip2 = { address: '10.0.0.2', port: 8080 };
export const nat = { method: 'nat' } as const;
export const all = { all: true };

/** A server on a kernel where somebody else has been at work. */
export async function createScene(t: TestContext, table: readonly Operation[]) {
  const world = createWorld(t);
  const driver = watchDriver(world.kernel.open());
  const life = await world.start(driver);
  await byHand(table);

  async function byHand(operations: readonly Operation[]): Promise<void> {
    for (const error of await world.hand.apply(operations)) assert.ifError(error);
  }

  return { ...life, world, driver, byHand, table: async () => [...(await world.hand.read()).values()] };
}

export async function adopt(control: Control, body: object, call: Call = admin): Promise<Adoption> {
  const answer = await control.directors.adopt(call, 'local', { cluster: 'legacy', ...body }, {});
  assert.ok(!('preview' in answer));
  return answer.adoption;
}

export async function preview(
  control: Control,
  body: object,
): Promise<Extract<AdoptionAnswer, { preview: unknown }>> {
  const sent = { cluster: 'legacy', ...body };
  const answer = await control.directors.adopt(admin, 'local', sent, { validateOnly: true });
  assert.ok('preview' in answer);
  return answer;
}

export function leftOut({ leftOut: entries }: Adoption): Record<string, string> {
  return Object.fromEntries(entries.map(({ key, reason }) => [key, reason]));
}

export const webFarm = [
  newService(frontend, { scheduler: 'wrr' }),
  newDestination(frontend, rip, nat),
  newDestination(frontend, rip2, { ...nat, weight: 5 }),
];
