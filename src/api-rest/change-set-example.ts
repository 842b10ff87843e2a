import type { ChangeSet } from '../domain/schema/change-set.js';

/** A cluster that no other example names. */
const cluster = 'projects/default/clusters/shop-two';
const service = `${cluster}/virtual-services/https`;

/** Worked example: makes a cluster of its own on a fresh server. */
export const CHANGE_SET: { input: object; changeSet: ChangeSet } = {
  input: {
    changes: [
      { put: { resource: cluster, labels: { team: 'web' }, spec: { forwarding: { method: 'nat' } } } },
      {
        put: {
          resource: service,
          spec: { protocol: 'tcp', address: '192.168.10.92', port: 443, scheduler: 'wlc' },
        },
      },
      {
        put: {
          resource: `${service}/real-servers/one`,
          spec: { address: '192.168.10.21', port: 8443, weight: 3 },
        },
      },
    ],
    maxDeletions: 0,
  },
  changeSet: {
    state: 'applied',
    revision: 46,
    results: [
      { resource: cluster, result: 'created', etag: '"43"', resourcesChanged: 1 },
      { resource: service, result: 'created', etag: '"44"', resourcesChanged: 1 },
      { resource: `${service}/real-servers/one`, result: 'created', etag: '"45"', resourcesChanged: 1 },
    ],
  },
};
