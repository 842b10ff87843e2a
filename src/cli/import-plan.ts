/** Brings imported definitions to a server: first what would change, then, when told to, the change itself. */
import { pathOf } from '../domain/names.js';
import type { Definition } from '../domain/schema/definition.js';
import type { Preview } from '../domain/schema/preview.js';
import type { DefinitionDocument } from '../formats/definition.js';
import { type ApiClient, ApiError, NoAnswerError, reasonHeader } from './api-client.js';
import { CommandError } from './errors.js';

export interface ImportTarget {
  readonly call: ApiClient;
  readonly project: string;
  readonly reason: string | undefined;
}

export interface ClusterPlan {
  readonly cluster: string;
  readonly preview: Preview;
  /** What is sent. */
  readonly body: unknown;
  /** The cluster must still be what the plan was made for. */
  readonly precondition: Readonly<Record<string, string>>;
}

/** pending: stored, but the kernel could not be reached; the server keeps trying. */
export type Outcome = 'planned' | 'unchanged' | 'applied' | 'pending' | 'failed' | 'not tried';

export interface Application {
  /** By cluster. */
  readonly outcomes: Readonly<Record<string, Outcome>>;
  readonly failure: CommandError | undefined;
}

/** Stores nothing. */
export async function planCluster(
  target: ImportTarget,
  cluster: string,
  document: DefinitionDocument,
): Promise<ClusterPlan> {
  const current = await currentDefinition(target, cluster);
  const precondition = current ? { 'if-match': current.etag } : { 'if-none-match': '*' };
  const body = keepLabels(document, current?.definition);
  const preview = await put<Preview>(target, { cluster, body, precondition }, '?validateOnly=true');
  return { cluster, body, precondition, preview: preview.body };
}

/** One cluster after another; the first failure ends it. */
export async function applyPlans(target: ImportTarget, plans: readonly ClusterPlan[]): Promise<Application> {
  const outcomes: Record<string, Outcome> = Object.fromEntries(
    plans.map(({ cluster }) => [cluster, 'not tried']),
  );
  for (const plan of plans) {
    try {
      outcomes[plan.cluster] = await applyPlan(target, plan);
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      outcomes[plan.cluster] = 'failed';
      return { outcomes, failure: failureOf(plan.cluster, error, outcomes) };
    }
  }
  return { outcomes, failure: undefined };
}

async function applyPlan(target: ImportTarget, plan: ClusterPlan): Promise<Outcome> {
  if (plan.preview.changes.length === 0) return 'unchanged';
  const { status } = await put<Definition>(target, plan, '');
  return status === 202 ? 'pending' : 'applied';
}

function failureOf(
  cluster: string,
  error: CommandError,
  outcomes: Readonly<Record<string, Outcome>>,
): CommandError {
  const isUncertain =
    (error instanceof NoAnswerError && !error.isRefused) ||
    (error instanceof ApiError && error.status >= 500);
  const what = isUncertain
    ? `It is not known whether cluster ${cluster} was changed`
    : `Cluster ${cluster} was not changed`;
  const others = Object.entries(outcomes).filter(([name]) => name !== cluster);
  const before = others.length > 0 ? [`Others: ${others.map((one) => one.join(' ')).join(', ')}.`] : [];
  const remedy = isUncertain ? ['Run the import again: it changes only what is missing.'] : [];
  return new CommandError([`${what}: ${error.message}`, ...before, ...remedy].join(' '));
}

async function currentDefinition({ call, project }: ImportTarget, cluster: string) {
  try {
    const { body, etag } = await call<Definition>('GET', definitionPath(project, cluster));
    return { definition: body, etag: etag ?? '*' };
  } catch (error) {
    if (error instanceof ApiError && error.reason === 'CLUSTER_NOT_FOUND') return undefined;
    throw error;
  }
}

function put<T>(
  { call, project, reason }: ImportTarget,
  { cluster, body, precondition }: Omit<ClusterPlan, 'preview'>,
  query: string,
) {
  const headers = { ...precondition, ...reasonHeader(reason) };
  return call<T>('PUT', `${definitionPath(project, cluster)}${query}`, { body, headers });
}

export function definitionPath(project: string, cluster: string): string {
  return `/v1/${pathOf({ project, cluster })}/definition`;
}

/** Labels, description and the VIP's interface stay: no foreign configuration has a word for them. */
function keepLabels({ spec, virtualServices }: DefinitionDocument, current: Definition | undefined) {
  if (!current) return { spec, virtualServices };
  const { description, vip } = current.spec;
  return {
    labels: current.labels,
    spec: { description, vip, ...spec },
    virtualServices: mapValues(virtualServices, (name, service) => ({
      labels: current.virtualServices[name]?.labels ?? {},
      spec: service.spec,
      realServers: mapValues(service.realServers, (serverName, server) => ({
        labels: current.virtualServices[name]?.realServers[serverName]?.labels ?? {},
        spec: server.spec,
      })),
    })),
  };
}

function mapValues<T, R>(record: Readonly<Record<string, T>>, map: (key: string, value: T) => R) {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(key, value)]));
}
