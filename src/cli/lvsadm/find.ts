/** Finds what a command line is about among everything that lvsd and the kernel have. */
import { destinationKey, type Frontend, frontendKey, isFwmark } from '../../domain/keys.js';
import type { KernelTable } from '../../domain/schema/director.js';
import type { Cluster, RealServer, VirtualService } from '../../domain/schema/resource.js';
import { ApiError } from '../api-client.js';
import { inWords, refusalOf } from './problems.js';
import { DIRECTOR, type Session } from './session.js';

export interface FoundServer {
  readonly key: string;
  /** Path of the resource; null: foreign. */
  readonly resource: string | null;
  readonly address: string;
  readonly port: number;
}

export interface FoundService {
  readonly key: string;
  readonly resource: string | null;
  readonly destinations: readonly FoundServer[];
}

/** The service in the kernel; where the kernel cannot be seen, in the definitions of the project. */
export async function findService(session: Session, frontend: Frontend): Promise<FoundService | undefined> {
  const key = frontendKey(frontend);
  const table = await kernelTable(session, `?frontend=${encodeURIComponent(key)}`);
  return table ? table.services[0] : findInProject(session, frontend);
}

/** Undefined when the kernel is away, or the caller is bound to a project: the kernel belongs to all. */
export async function kernelTable({ call }: Session, query = ''): Promise<KernelTable | undefined> {
  try {
    return (await call<KernelTable>('GET', `${DIRECTOR}/table${query}`)).body;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (UNSEEN.has(error.reason)) return undefined;
    throw refusalOf(error);
  }
}

const UNSEEN = new Set(['PERMISSION_DENIED', 'KERNEL_UNAVAILABLE']);

async function findInProject(session: Session, frontend: Frontend): Promise<FoundService | undefined> {
  const filter = Object.entries(frontend).map(([field, value]) => `spec.${field}=${value}`);
  for (const cluster of await all<Cluster>(session, `${session.project}/clusters`)) {
    const services = `${session.project}/clusters/${cluster.name}/virtual-services`;
    const [service] = await all<VirtualService>(session, services, filter);
    if (!service) continue;
    const key = frontendKey(frontend);
    const resource = `${services}/${service.name}`.replace(/^\/v1\//, '');
    const servers = await all<RealServer>(session, `/v1/${resource}/real-servers`);
    const destinations = servers.map(({ name, spec: { address, port } }) => {
      const backend = { address, port: port ?? (isFwmark(frontend) ? 0 : frontend.port) };
      return { ...backend, key: destinationKey(key, backend), resource: `${resource}/real-servers/${name}` };
    });
    return { key, resource, destinations };
  }
  return undefined;
}

/** Every item of every page. */
async function all<T>({ call }: Session, path: string, filter: readonly string[] = []): Promise<T[]> {
  const items: T[] = [];
  let pageToken = '';
  do {
    const query = new URLSearchParams({
      pageSize: '1000',
      ...(filter.length > 0 && { filter: filter.join(',') }),
      ...(pageToken && { pageToken }),
    });
    const answer = call<{ items: T[]; nextPageToken: string }>('GET', `${path}?${query}`);
    const { body } = await inWords(answer);
    items.push(...body.items);
    pageToken = body.nextPageToken;
  } while (pageToken !== '');
  return items;
}
