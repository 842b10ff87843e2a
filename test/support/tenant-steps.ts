/** What a tenant may try, through either door: at random, on its own project and on others'. */
import type { JsonObject } from '@bufbuild/protobuf';
import { status as grpcStatus, type ServiceError } from '@grpc/grpc-js';
import fc from 'fast-check';
import type { Problem } from '../../src/api-rest/problem.js';
import type { Json } from './doors.js';
import { protoJson } from './grpc-door.js';
import type { ReflectionClient } from './grpc-reflection-client.js';
import type { RestClient } from './rest-client.js';

/** One request in the words of both doors. `P` stands for the name of the project, `Q` for that of a stranger's. */
export interface Step {
  readonly rest: { readonly method: string; readonly path: string; readonly body?: Json };
  readonly grpc: { readonly method: string; readonly request: Json };
}

export interface Told {
  /** HTTP status, or name of the gRPC code. */
  readonly code: number | string;
  /** "" when it was done. */
  readonly reason: string;
  /** All that the answer says. */
  readonly text: string;
}

export interface Asking {
  readonly door: 'rest' | 'grpc';
  readonly token: string;
  readonly project: string;
  readonly stranger: string;
  /** Label of everything that the step writes. */
  readonly owner: string;
}

/** The last octets of VIPs and RIPs that steps use. */
export const OCTETS = 9;

const cluster = fc.constantFrom('a', 'b');
const service = fc.constantFrom('x', 'y', 'z');
const server = fc.constantFrom('one', 'two', 'three');
const octet = fc.integer({ min: 1, max: OCTETS });
const port = fc.constantFrom(80, 443);
const vip = octet.map((last) => `192.0.2.${last}`);
const rip = octet.map((last) => `10.0.0.${last}`);
const flag = fc.boolean();

const serviceSpec = fc
  .oneof(
    { weight: 8, arbitrary: fc.record({ address: vip, port, scheduler: fc.constantFrom('rr', 'wlc') }) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 3 }).map((fwmark) => ({ fwmark, family: 'ipv4' })) },
  )
  .map((spec) => ('address' in spec ? { protocol: 'tcp', ...spec } : spec));
const serverSpec = fc.record({
  address: rip,
  weight: fc.integer({ min: 0, max: 9 }),
  adminState: fc.constantFrom('active', 'drain', 'disabled'),
});
const clusterSpec = fc.record({
  forwarding: fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom({ method: 'nat' }, { method: 'dr' }) },
    { weight: 1, arbitrary: vip.map((address) => ({ method: 'fullnat', snat: { addresses: [address] } })) },
  ),
  vip: fc.record({ interface: fc.constantFrom(null, 'eth0') }),
});
const definition = fc.record({
  spec: clusterSpec,
  virtualServices: fc.dictionary(
    service,
    fc.record({
      spec: serviceSpec,
      realServers: fc.dictionary(server, fc.record({ spec: serverSpec }), { maxKeys: 3 }),
    }),
    { maxKeys: 2 },
  ),
});

const P = '/v1/projects/P';
const p = { project: 'P' };
const LABELS = { owner: 'OWNER' };

function put(path: string, names: Json, { kind, spec }: { kind: string; spec: Json }): Step {
  const body = { labels: LABELS, spec };
  return {
    rest: { method: 'PUT', path: `${P}/${path}`, body },
    grpc: { method: `${kind}Service/Replace${kind}`, request: { ...p, ...names, ...body } },
  };
}

function read(path: string, method: string, request: Json): Step {
  return { rest: { method: 'GET', path }, grpc: { method, request } };
}

/** A change in REST's words and in gRPC's. */
interface Change {
  readonly rest: Json;
  readonly grpc: Json;
}

const target = fc.constantFrom('P', 'P', 'P', 'P', 'P', 'P', 'Q');

function putChange(resource: string, kind: string, spec: Json): Change {
  return {
    rest: { put: { resource, labels: LABELS, spec } },
    grpc: { put: { resource, labels: LABELS, [kind]: spec } },
  };
}

function same(change: Json): Change {
  return { rest: change, grpc: change };
}

const change: fc.Arbitrary<Change> = fc.oneof(
  fc
    .record({ project: target, name: cluster, spec: clusterSpec })
    .map(({ project, name, spec }) => putChange(`projects/${project}/clusters/${name}`, 'cluster', spec)),
  fc
    .record({ project: target, name: cluster, service, spec: serviceSpec })
    .map(({ project, name, service: last, spec }) =>
      putChange(`projects/${project}/clusters/${name}/virtual-services/${last}`, 'virtualService', spec),
    ),
  fc
    .record({ project: target, name: cluster, definition })
    .map(({ project, name, definition: document }) =>
      same({ putDefinition: { resource: `projects/${project}/clusters/${name}`, definition: document } }),
    ),
  fc
    .record({ project: target, name: cluster })
    .map(({ project, name }) =>
      same({ delete: { resource: `projects/${project}/clusters/${name}`, cascade: true } }),
    ),
  fc
    .record({ project: target, name: cluster, revision: fc.integer({ min: 1, max: 2000 }) })
    .map(({ project, name, revision }) =>
      same({ restore: { resource: `projects/${project}/clusters/${name}`, revision } }),
    ),
);

const writes = fc.oneof(
  fc.array(change, { minLength: 1, maxLength: 3 }).map(
    (changes): Step => ({
      rest: {
        method: 'POST',
        path: '/v1/change-sets',
        body: { changes: changes.map(({ rest }) => rest) },
      },
      grpc: {
        method: 'DefinitionService/CreateChangeSet',
        request: { changes: changes.map(({ grpc }) => grpc) },
      },
    }),
  ),
  fc
    .record({ name: cluster, spec: clusterSpec })
    .map(({ name, spec }) => put(`clusters/${name}`, { name }, { kind: 'Cluster', spec })),
  fc
    .record({ cluster, name: service, spec: serviceSpec })
    .map(({ cluster: above, name, spec }) =>
      put(
        `clusters/${above}/virtual-services/${name}`,
        { cluster: above, name },
        { kind: 'VirtualService', spec },
      ),
    ),
  fc
    .record({ cluster, virtualService: service, name: server, spec: serverSpec })
    .map(({ name, spec, ...above }) =>
      put(
        `clusters/${above.cluster}/virtual-services/${above.virtualService}/real-servers/${name}`,
        { ...above, name },
        { kind: 'RealServer', spec },
      ),
    ),
  fc.record({ cluster, definition }).map(
    ({ cluster: name, definition: body }): Step => ({
      rest: { method: 'PUT', path: `${P}/clusters/${name}/definition`, body: { labels: LABELS, ...body } },
      grpc: {
        method: 'DefinitionService/ReplaceDefinition',
        request: { ...p, cluster: name, definition: { labels: LABELS, ...body } },
      },
    }),
  ),
  fc.record({ cluster, vip, port, rip }).map(({ cluster: name, ...to }): Step => {
    const content = `-A -t ${to.vip}:${to.port} -s rr\n-a -t ${to.vip}:${to.port} -r ${to.rip} -m\n`;
    const files = [{ path: 'ipvsadm.rules', content }];
    const body = { ...p, cluster: name, files, apply: true, prune: true };
    return {
      rest: { method: 'POST', path: '/v1/imports', body: { ...body, format: 'ipvsadm' } },
      grpc: {
        method: 'DefinitionService/CreateImport',
        request: { ...body, format: 'FORMAT_IPVSADM' },
      },
    };
  }),
  fc.record({ address: rip, adminState: fc.constantFrom('active', 'drain', 'disabled') }).map(
    ({ address, adminState }): Step => ({
      rest: {
        method: 'PATCH',
        path: `${P}/real-server-addresses/${address}`,
        body: { spec: { adminState } },
      },
      grpc: {
        method: 'RealServerService/UpdateRealServerAddress',
        request: { ...p, address, spec: { adminState } },
      },
    }),
  ),
  fc.record({ name: cluster, drain: flag }).map(
    ({ name, drain }): Step => ({
      rest: { method: 'DELETE', path: `${P}/clusters/${name}?cascade=true&drain=${drain}` },
      grpc: { method: 'ClusterService/DeleteCluster', request: { ...p, name, cascade: true, drain } },
    }),
  ),
);

const reads = fc.oneof(
  fc.constantFrom(
    read(`${P}/clusters`, 'ClusterService/ListClusters', p),
    read(P, 'ProjectService/GetProject', { name: 'P' }),
    read('/v1/projects', 'ProjectService/ListProjects', {}),
    read('/v1/audit-events?resource=projects/P', 'AuditService/ListAuditEvents', { resource: 'projects/P' }),
  ),
  cluster.map((name) =>
    read(`${P}/clusters/${name}/definition`, 'DefinitionService/GetDefinition', { ...p, cluster: name }),
  ),
  cluster.map((name) =>
    read(`${P}/clusters/${name}/preflight`, 'ClusterService/GetClusterPreflight', { ...p, cluster: name }),
  ),
  rip.map((address) =>
    read(`${P}/real-server-addresses/${address}`, 'RealServerService/GetRealServerAddress', {
      ...p,
      address,
    }),
  ),
);

/** What no tenant may do, whatever its role: nothing of these is about one project alone, or it is an admin's. */
export const forbidden: readonly Step[] = [
  read('/v1/directors/local/table', 'DirectorService/GetTable', { director: 'local' }),
  read('/v1/directors/local/drift', 'DirectorService/GetDrift', { director: 'local' }),
  read('/v1/directors/local/drains', 'DirectorService/ListDrains', { director: 'local' }),
  {
    rest: { method: 'PATCH', path: P, body: { spec: { quotas: { clusters: 99 } } } },
    grpc: {
      method: 'ProjectService/UpdateProject',
      request: { name: 'P', spec: { quotas: { clusters: 99 } } },
    },
  },
  {
    rest: {
      method: 'POST',
      path: '/v1/directors/local/adoptions',
      body: { ...p, cluster: 'a', select: { all: true } },
    },
    grpc: {
      method: 'DirectorService/CreateAdoption',
      request: { director: 'local', ...p, cluster: 'a', select: { all: true } },
    },
  },
];

export const steps = fc.oneof(
  { weight: 8, arbitrary: writes },
  { weight: 3, arbitrary: reads },
  { weight: 1, arbitrary: fc.constantFrom(...forbidden) },
);

export function createAsk(rest: RestClient, grpc: ReflectionClient) {
  return async (step: Step, { door, token, ...names }: Asking): Promise<Told> => {
    const { rest: overRest, grpc: overGrpc } = named(step, names);
    if (door === 'rest') {
      const { method, path, body } = overRest;
      const answer = await rest<Problem | undefined>(method, path, { token, ...(body && { body }) });
      const reason = answer.status >= 400 ? (answer.body?.reason ?? '') : '';
      return { code: answer.status, reason, text: JSON.stringify(answer.body ?? null) };
    }
    const metadata = { authorization: `Bearer ${token}` };
    try {
      const request = protoJson(overGrpc.request);
      const { answer } = await grpc.call(`lvsd.v1.${overGrpc.method}`, request, { metadata });
      return { code: 'OK', reason: '', text: JSON.stringify(answer) };
    } catch (failure) {
      const error = failure as ServiceError;
      // what was no answer of lvsd
      if (!error.metadata) throw failure;
      const details: JsonObject[] = grpc.details(error);
      const reason = details.find((one) => typeof one.reason === 'string')?.reason;
      const text = JSON.stringify([error.details, ...details]);
      return { code: grpcStatus[error.code] ?? error.code, reason: String(reason), text };
    }
  };
}

/** Whether it is about the project, or about a stranger's. */
export function isAbout(step: Step, project: 'P' | 'Q'): boolean {
  return new RegExp(`"${project}"|projects/${project}\\b`).test(JSON.stringify(step));
}

/** With the names for every `P` and `Q`, and the owner's for its label. */
function named({ rest, grpc }: Step, { project, stranger, owner }: Omit<Asking, 'door' | 'token'>): Step {
  const text = JSON.stringify({ rest, grpc })
    .replaceAll('"P"', JSON.stringify(project))
    .replaceAll(/(?<=projects\/)P\b/g, project)
    .replaceAll(/(?<=projects\/)Q\b/g, stranger)
    .replaceAll('"OWNER"', JSON.stringify(owner));
  return JSON.parse(text) as Step;
}
