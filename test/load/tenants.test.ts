/** Random tenants do random things through both doors: none sees or touches another's resources, nor gets more than it may have. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { isWithin } from '../../src/domain/names.js';
import type { AuditEvent } from '../../src/domain/schema/audit-event.js';
import type { Project } from '../../src/domain/schema/project-resource.js';
import type { VirtualServiceSpec } from '../../src/domain/schema/virtual-service.js';
import type { Reader, StoredResource } from '../../src/store/store.js';
import { assertConsistent } from '../support/fuzz/aftermath.js';
import { fuzzSeed } from '../support/fuzz/seed.js';
import { connectByReflection } from '../support/grpc-reflection-client.js';
import { createRestClient } from '../support/rest-client.js';
import { startTestServer } from '../support/server.js';
import {
  type Asking,
  createAsk,
  forbidden,
  isAbout,
  OCTETS,
  type Step,
  steps,
  type Told,
} from '../support/tenant-steps.js';

const TIME_LIMIT_MS = 15_000;
const TENANTS = 3;
const ROLES = ['viewer', 'operator', 'editor', 'admin'] as const;
/** At once, so that writes of several tenants meet in one batch. */
const AT_ONCE = 6;

const server = await startTestServer({ rateLimit: null });
const rest = createRestClient(server);
const grpc = await connectByReflection(server.grpcAddress, { token: server.adminToken });
const ask = createAsk(rest, grpc);
after(async () => {
  grpc.close();
  await server.stop();
});

interface Bounds {
  /** Of the last octet of VIPs, both included. */
  readonly first: number;
  readonly last: number;
  readonly clusters: number;
  readonly virtualServices: number;
  readonly realServers: number;
}

interface Tenant {
  readonly project: string;
  readonly bounds: Bounds;
  readonly tokens: Readonly<Record<(typeof ROLES)[number], string>>;
  readonly watched: Watched;
}

const bounds: fc.Arbitrary<Bounds> = fc.record({
  first: fc.integer({ min: 1, max: 4 }),
  last: fc.integer({ min: OCTETS - 3, max: OCTETS }),
  clusters: fc.integer({ min: 1, max: 2 }),
  virtualServices: fc.integer({ min: 1, max: 5 }),
  realServers: fc.integer({ min: 1, max: 8 }),
});

const attempt = fc.record({
  tenant: fc.nat(TENANTS - 1),
  role: fc.oneof(
    { weight: 2, arbitrary: fc.constant('editor' as const) },
    { weight: 1, arbitrary: fc.constantFrom(...ROLES) },
  ),
  door: fc.constantFrom('rest' as const, 'grpc' as const),
  /** Whose project it is about: mostly its own. */
  offset: fc.constantFrom(0, 0, 0, 0, 0, 0, 1, 2),
  step: steps,
});
type Attempt = typeof attempt extends fc.Arbitrary<infer A> ? A : never;

const plan = fc.record({
  tenants: fc.array(bounds, { minLength: TENANTS, maxLength: TENANTS }),
  attempts: fc.array(attempt, { minLength: 150, maxLength: 200, size: 'max' }),
});

async function settle(tenantBounds: Bounds): Promise<Tenant> {
  // no two names are alike, so that one in an answer tells whose it is
  const project = `t${randomUUID()}`;
  const { first, last, ...quotas } = tenantBounds;
  const vipPrefixes = Array.from({ length: last - first + 1 }, (_, i) => `192.0.2.${first + i}/32`);
  const body = { spec: { quotas, limits: { vipPrefixes } } };
  assert.equal((await rest('PUT', `/v1/projects/${project}`, { body })).status, 201);
  const tokens = await Promise.all(
    ROLES.map(async (role) => [role, await server.createToken(role, project)]),
  );
  const { viewer } = Object.fromEntries(tokens);
  return { project, bounds: tenantBounds, tokens: Object.fromEntries(tokens), watched: await watch(viewer) };
}

interface Watched {
  /** Ends the stream. */
  stop(): Promise<string>;
}

/** All that a bearer is told of what happens while it watches everything that it may. */
async function watch(token: string): Promise<Watched> {
  const abort = new AbortController();
  const response = await fetch(`${server.url}/v1/events`, {
    headers: { authorization: `Bearer ${token}` },
    signal: abort.signal,
  });
  assert.equal(response.status, 200);
  let text = '';
  const reading = (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? [])
      text += decoder.decode(chunk as Uint8Array, { stream: true });
  })().catch(() => undefined);
  return {
    async stop() {
      abort.abort();
      await reading;
      return text;
    },
  };
}

/** What one attempt must not be answered with. */
function assertSeparate(
  asking: Asking,
  own: string,
  told: Told,
  step: Step,
  others: readonly string[],
): void {
  const what = `${asking.door} ${JSON.stringify(step.rest)} of ${own} in ${asking.project}: ${told.code} ${told.text}`;
  const isDenied = forbidden.includes(step) || isAbout(step, 'Q');
  if (isDenied) assert.match(told.reason, /^(PERMISSION_DENIED|PROJECT_NOT_FOUND)$/, what);
  else if (asking.project !== own && isAbout(step, 'P')) assert.equal(told.reason, 'PROJECT_NOT_FOUND', what);
  for (const other of others) {
    const isNamed = other === asking.project || (other === asking.stranger && isAbout(step, 'Q'));
    if (other === own || isNamed) continue;
    assert.ok(!told.text.includes(other), `${what} names ${other}`);
  }
}

function definitionsOf(reader: Reader, project: string): StoredResource[] {
  return reader.descendants(`projects/${project}`).filter(({ kind }) => kind !== 'token');
}

function assertWithinBounds({ project, bounds: { first, last, ...quotas } }: Tenant): void {
  const stored = server.running.store.read((reader) => definitionsOf(reader, project));
  const count = (kind: string) => stored.filter((one) => one.kind === kind).length;
  assert.ok(count('cluster') <= quotas.clusters, 'more clusters than the quota');
  assert.ok(count('virtualService') <= quotas.virtualServices, 'more virtual services than the quota');
  assert.ok(count('realServer') <= quotas.realServers, 'more real servers than the quota');
  const isOwn = (address: string) => {
    const octet = Number(/^192\.0\.2\.(\d+)$/.exec(address)?.[1]);
    return first <= octet && octet <= last;
  };
  for (const { kind, spec, path } of stored) {
    if (kind !== 'virtualService') continue;
    const { address, fwmark } = spec as VirtualServiceSpec;
    assert.ok(fwmark === undefined && isOwn(address ?? ''), `${path} has ${address ?? fwmark}`);
  }
}

/** Whatever a bearer changed is in its own project, and labelled by nobody else. */
function assertUntouched(tenants: readonly Tenant[], since: number): void {
  const events: AuditEvent[] = [];
  for (let last = since; ; ) {
    const page = server.running.store.read((reader) =>
      reader.events({ order: 'ascending', after: last, limit: 1000 }),
    );
    events.push(...page);
    if (page.length < 1000) break;
    last = page.at(-1)?.id ?? last;
  }
  for (const { kind, actor, resource, after: content } of events) {
    const tenant = tenants.find(({ project }) => actor.credentialId?.startsWith(`projects/${project}/`));
    if (!tenant || kind === 'auth') continue;
    assert.ok(isWithin(resource, `projects/${tenant.project}`), `${actor.principal} touched ${resource}`);
    const { owner } = (content as { labels?: { owner?: string } } | null)?.labels ?? {};
    assert.ok(owner === undefined || owner === tenant.project);
  }
}

async function run(tenants: readonly Tenant[], attempts: readonly Attempt[]): Promise<number> {
  const projects = tenants.map(({ project }) => project);
  let done = 0;
  for (let start = 0; start < attempts.length; start += AT_ONCE) {
    await Promise.all(
      attempts.slice(start, start + AT_ONCE).map(async ({ tenant, role, door, offset, step }) => {
        const own = tenants[tenant] as Tenant;
        const { project } = tenants[(tenant + offset) % TENANTS] as Tenant;
        const stranger = (tenants[(tenant + 1) % TENANTS] as Tenant).project;
        const asking = { door, token: own.tokens[role], project, stranger, owner: own.project };
        const told = await ask(step, asking);
        done += Number(told.reason === '');
        assertSeparate(asking, own.project, told, step, projects);
      }),
    );
    for (const tenant of tenants) assertWithinBounds(tenant);
  }
  return done;
}

test('tenants neither see nor touch what is others’, and have no more than they may', async (t) => {
  t.diagnostic(`LVSD_FUZZ_SEED=${fuzzSeed}`);
  let runs = 0;
  let done = 0;
  const property = fc.asyncProperty(plan, async ({ tenants: all, attempts }) => {
    const since = server.running.store.read((reader) => reader.revision());
    const tenants = await Promise.all(all.map(settle));
    const marker = { virtualServices: { x: { spec: { protocol: 'udp', address: '203.0.113.9', port: 9 } } } };
    await rest('PUT', '/v1/projects/default/clusters/anchor/definition', { body: marker });
    done += await run(tenants, attempts);
    await rest('POST', '/v1/directors/local/reconciliations');
    await assertConsistent(server);
    assertUntouched(tenants, since);
    for (const { project, watched } of tenants) {
      const usage = (await rest<Project>('GET', `/v1/projects/${project}`)).body.status;
      assert.deepEqual(usage.violations, []);
      const text = await watched.stop();
      for (const other of tenants) {
        assert.ok(other.project === project || !text.includes(other.project), `${project} watches ${text}`);
      }
      await rest('DELETE', `/v1/projects/${project}?cascade=true&drain=false`);
    }
    runs += 1;
  });
  await fc.assert(property, {
    seed: fuzzSeed,
    numRuns: 1000,
    interruptAfterTimeLimit: TIME_LIMIT_MS,
    markInterruptAsFailure: false,
    endOnFailure: true,
    includeErrorInReport: true,
  });
  t.diagnostic(`${runs} groups of tenants, ${done} of their calls were done`);
  assert.ok(runs > 0 && done > 10 * runs, `${runs} groups, ${done} calls done`);
});
