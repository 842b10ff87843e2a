import type { TestContext } from 'node:test';
import type { Store, WriteContext } from '../../../src/store/store.js';

/** A backend under test. */
export interface StoreSubject {
  readonly name: string;
  /** A new database; it goes away, with every store opened on it, when the test ends. */
  create(t: TestContext): StoreSource;
}

export interface StoreSource {
  /** A connection of its own to the database, as another process would have. */
  open(options?: { readonly clock?: () => number }): Store;
}

export const context: WriteContext = {
  actor: { principal: 'ci', credentialId: 'tokens/ci', roles: ['editor'] },
  transport: 'rest',
  sourceAddress: '192.0.2.7',
  requestId: 'request-1',
  reason: 'a test',
  action: 'createCluster',
};

export const PROJECT = 'projects/default';

export function cluster(name: string, spec: unknown = { description: '' }) {
  return { kind: 'cluster', path: `${PROJECT}/clusters/${name}`, labels: {}, spec } as const;
}

export function service(clusterName: string, name: string) {
  const path = `${PROJECT}/clusters/${clusterName}/virtual-services/${name}`;
  return { kind: 'virtualService', path, labels: {}, spec: {} } as const;
}

export function realServer(clusterName: string, serviceName: string, name: string) {
  const path = `${service(clusterName, serviceName).path}/real-servers/${name}`;
  return { kind: 'realServer', path, labels: {}, spec: {} } as const;
}
