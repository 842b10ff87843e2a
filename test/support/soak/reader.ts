/** Somebody who reads what there is to read, through both doors. */
import assert from 'node:assert/strict';
import { CLUSTERS } from '../doors.js';
import type { ReflectionClient } from '../grpc-reflection-client.js';
import type { Rest } from '../kernel-rest.js';
import type { Random } from '../random.js';

/** `cluster` is one with virtual services that are never deleted. */
export function createReader(options: {
  readonly rest: Rest;
  readonly grpc: ReflectionClient;
  readonly cluster: string;
  readonly service: string;
  readonly random: Random;
}): () => Promise<void> {
  const { rest, grpc, cluster, service, random } = options;
  const director = '/v1/directors/local';
  const parent = { project: 'default', cluster };
  const reads: readonly (() => Promise<unknown>)[] = [
    () => rest.get(`${CLUSTERS}/${cluster}/virtual-services/${service}/real-servers?pageSize=10`),
    () => rest.get(`${CLUSTERS}?pageSize=2`),
    () => rest.get(`${CLUSTERS}/${cluster}/definition`),
    () => rest.get(`${director}/table`),
    () => rest.get(`${director}/drift`),
    () => rest.get(`${director}/drains`),
    () => rest.get(`${director}/connections?pageSize=100`),
    () => auditPages(),
    () => grpc.call('lvsd.v1.VirtualServiceService/GetVirtualService', { ...parent, name: service }),
    () => grpc.call('lvsd.v1.ClusterService/ListClusters', { project: 'default' }),
    () => grpc.call('lvsd.v1.DirectorService/GetDirector', { name: 'local' }),
    () => grpc.call('lvsd.v1.AuditService/ListAuditEvents', { pageSize: 50 }),
  ];

  async function auditPages(): Promise<void> {
    const url = '/v1/audit-events?kind=drift&kind=change&pageSize=50';
    const page = await rest.get<{ items: { id: number }[]; nextPageToken: string }>(url);
    if (page.nextPageToken === '') return;
    const next = await rest.get<typeof page>(`${url}&pageToken=${encodeURIComponent(page.nextPageToken)}`);
    const ids = [...page.items, ...next.items].map(({ id }) => id);
    assert.deepEqual(
      ids,
      [...new Set(ids)].sort((a, b) => b - a),
      'pages follow one another',
    );
  }

  return async () => {
    await reads[random(reads.length)]?.();
  };
}
