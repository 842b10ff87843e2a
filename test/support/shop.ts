/** A small cluster for tests, the one of the documentation's examples. */
import assert from 'node:assert/strict';
import type { RestClient } from './rest-client.js';

export const CLUSTERS = '/v1/projects/default/clusters';
export const SHOP = `${CLUSTERS}/shop`;
export const SERVICES = `${SHOP}/virtual-services`;
export const HTTP = `${SERVICES}/http`;
export const REAL_SERVERS = `${HTTP}/real-servers`;
export const WEB_1 = `${REAL_SERVERS}/web-1`;

export const httpSpec = { protocol: 'tcp', address: '192.168.10.88', port: 80, scheduler: 'wrr' };
export const web1Spec = { address: '192.168.10.11', port: 8080, weight: 3 };

export const shopDefinition = {
  labels: { team: 'web' },
  spec: { forwarding: { method: 'nat' } },
  virtualServices: { http: { spec: httpSpec, realServers: { 'web-1': { spec: web1Spec } } } },
};

/** Makes the cluster `shop` be exactly the definition, whatever was there. */
export async function putShop(rest: RestClient): Promise<void> {
  const { status } = await rest('PUT', `${SHOP}/definition`, { body: shopDefinition });
  assert.ok(status === 200 || status === 201, `PUT of the definition answered ${status}`);
}

export async function removeShop(rest: RestClient): Promise<void> {
  const { status } = await rest('DELETE', `${SHOP}?cascade=true`);
  assert.ok(status === 204 || status === 404, `DELETE answered ${status}`);
}
