/** What a server would have to change to be as the files say, and then that. */
import type { ChangeSet } from '../../domain/schema/change-set.js';
import type { Preview } from '../../domain/schema/preview.js';
import { type ApiClient, ApiError, reasonHeader } from '../api-client.js';
import { CommandError } from '../command-error.js';
import type { WantedCluster } from './wanted.js';

/** A cluster that files ask for, and what the server has. */
export interface SeenCluster extends WantedCluster {
  /** Of its whole definition; null: there is no such cluster. */
  readonly etag: string | null;
}

export interface Plan extends Pick<Preview, 'changes' | 'operations'> {
  readonly clusters: readonly SeenCluster[];
}

export interface SendOptions {
  readonly maxDeletions?: number | undefined;
  readonly drain: boolean;
}

/** What the server has of each. */
export async function look(call: ApiClient, wanted: readonly WantedCluster[]): Promise<SeenCluster[]> {
  const seen: SeenCluster[] = [];
  for (const one of wanted) seen.push({ ...one, etag: await etagOf(call, one.path) });
  return seen;
}

async function etagOf(call: ApiClient, path: string): Promise<string | null> {
  try {
    return (await call('GET', `/v1/${path}/definition`)).etag;
  } catch (error) {
    if (error instanceof ApiError && error.reason === 'CLUSTER_NOT_FOUND') return null;
    throw error;
  }
}

export async function plan(
  call: ApiClient,
  clusters: readonly SeenCluster[],
  options: SendOptions,
): Promise<Plan> {
  const { changes = [], operations = [] } = (await send<Preview>(call, clusters, options, true)) ?? {};
  return { clusters, changes, operations };
}

/** All of it or nothing, and nothing at all when a cluster is not as it was seen. */
export async function apply(
  call: ApiClient,
  { clusters }: Plan,
  options: SendOptions & { readonly reason?: string | undefined },
): Promise<ChangeSet['state']> {
  const done = await send<ChangeSet>(call, clusters, options, false);
  return done?.state ?? 'unchanged';
}

async function send<T>(
  call: ApiClient,
  clusters: readonly SeenCluster[],
  { maxDeletions, drain, reason }: SendOptions & { readonly reason?: string | undefined },
  validateOnly: boolean,
): Promise<T | undefined> {
  const sent = clusters.filter(({ document, etag }) => !document.isAbsent || etag !== null);
  if (sent.length === 0) return undefined;
  const body = { changes: sent.map(changeOf), ...(maxDeletions !== undefined && { maxDeletions }) };
  const path = `/v1/change-sets?validateOnly=${validateOnly}&drain=${drain}`;
  try {
    return (await call<T>('POST', path, { body, headers: reasonHeader(reason) })).body;
  } catch (error) {
    throw error instanceof ApiError ? inFiles(error, sent) : error;
  }
}

/** Of a cluster that goes only its being there can be asked for: its own tag says nothing of what is in it. */
function changeOf({ path, document, etag }: SeenCluster): object {
  if (document.isAbsent) return { delete: { resource: path, cascade: true }, ifMatch: '*' };
  const put = { putDefinition: { resource: path, definition: document.definition } };
  return etag === null ? { ...put, onlyCreate: true } : { ...put, ifMatch: etag };
}

/** The same, with file and line in place of pointers. */
function inFiles(error: ApiError, sent: readonly SeenCluster[]): Error {
  const { errors = [] } = error.problem;
  const lines = errors.map(({ pointer, detail }) => {
    const [, index = '', rest = ''] =
      /^\/changes\/(\d+)(?:\/putDefinition(?:\/definition)?)?(.*)$/.exec(pointer) ?? [];
    const cluster = sent[Number(index)];
    if (index === '' || !cluster) return `${pointer}: ${detail}`;
    return `${cluster.file}:${cluster.document.lineOf(rest)}: ${detail}`;
  });
  if (lines.length === 0) return error;
  return new CommandError([`Nothing was changed (${error.reason}).`, ...lines].join('\n'));
}
