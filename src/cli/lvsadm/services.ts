/** -A, -E, -D and -C. */
import type { Frontend } from '../../domain/keys.js';
import { serviceName } from '../../domain/naming.js';
import type { Cluster } from '../../domain/schema/resource.js';
import type { CommandLine } from '../../formats/ipvsadm/line.js';
import { ApiError } from '../api-client.js';
import { Refusal, WORDS } from './answer.js';
import { findService } from './find.js';
import { refusalOf } from './problems.js';
import { foreignHint, ownedPath, pending, type Session } from './session.js';
import { serviceSpec } from './specs.js';

export async function addService(session: Session, line: CommandLine): Promise<void> {
  const frontend = frontendOf(line);
  const found = await findService(session, frontend);
  if (found) throw new Refusal(WORDS.serviceExists, found.resource ? {} : { hint: foreignHint(found.key) });
  await createNamed(session, {
    collection: `${session.cluster}/virtual-services`,
    name: serviceName(frontend),
    spec: { ...frontend, ...serviceSpec(line) },
  });
}

interface NewResource {
  readonly collection: string;
  readonly name: string;
  readonly spec: object;
}

/** Under the name, or name-2, name-3, … when others have it. Creates the cluster of lvsadm when it is missing. */
export async function createNamed(session: Session, { collection, name, spec }: NewResource): Promise<void> {
  for (let count = 1; ; ) {
    const body = { name: count === 1 ? name : `${name}-${count}`, spec };
    try {
      const { status } = await session.call('POST', collection, { body });
      if (status === 202) throw pending();
      return;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.reason === 'CLUSTER_NOT_FOUND') await createCluster(session);
      else if (error.reason === 'NAME_TAKEN') count += 1;
      else throw refusalOf(error);
    }
  }
}

/** Somebody else may have been faster. */
async function createCluster({ call, cluster }: Session): Promise<void> {
  const body = { spec: { description: 'Services made with lvsadm.' } };
  try {
    await call('PUT', cluster, { body, headers: { 'if-none-match': '*' } });
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.reason !== 'ETAG_MISMATCH') throw refusalOf(error);
  }
}

export async function editService(session: Session, line: CommandLine): Promise<void> {
  const path = ownedPath(await presentService(session, line));
  await session.write('PATCH', `${path}?drain=false`, { spec: serviceSpec(line) });
}

export async function deleteService(session: Session, line: CommandLine): Promise<void> {
  const path = ownedPath(await presentService(session, line));
  await session.write('DELETE', `${path}?cascade=true&drain=false`);
}

async function presentService(session: Session, line: CommandLine) {
  const service = await findService(session, frontendOf(line));
  if (service) return service;
  throw new Refusal(WORDS.noService);
}

/** Every service of the cluster; the cluster itself stays, and so does what other clusters and others have. */
export async function clear(session: Session): Promise<void> {
  const cluster = await existingCluster(session);
  if (!cluster) return;
  const { labels, spec } = cluster;
  await session.write('PUT', `${session.cluster}/definition?drain=false`, { labels, spec });
}

async function existingCluster({ call, cluster }: Session): Promise<Cluster | undefined> {
  try {
    return (await call<Cluster>('GET', cluster)).body;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.reason === 'CLUSTER_NOT_FOUND') return undefined;
    throw refusalOf(error);
  }
}

export function frontendOf({ frontend }: CommandLine): Frontend {
  if (frontend) return frontend;
  throw new TypeError('a command line without a service was let through');
}
