/** lvsd without its doors: the control layer on a real database file and a memory kernel. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Logger, pino } from 'pino';
import { createAdmission } from '../../src/control/access/admission.js';
import { createAuthentication } from '../../src/control/access/authentication.js';
import type { Grant } from '../../src/control/access/grants.js';
import type { Call, Control, Principal, WriteAnswer } from '../../src/control/control.js';
import { createControl } from '../../src/control/create-control.js';
import type { DomainError, Reason } from '../../src/domain/errors.js';
import type { Table } from '../../src/domain/table.js';
import { createDirectorDriver, type DirectorDriver } from '../../src/driver/director-driver.js';
import type { IpvsDriver } from '../../src/driver/driver.js';
import type { HostDriver } from '../../src/driver/host.js';
import { createMemoryKernel, type MemoryKernel, type MemoryKernelOptions } from '../../src/driver/memory.js';
import { createMemoryHost, type MemoryHost, type MemoryHostOptions } from '../../src/driver/memory-host.js';
import { createReconciler, type Reconciler } from '../../src/reconcile/reconciler.js';
import type { Store, WriteContext } from '../../src/store/store.js';
import { sqliteSource, temporaryDirectory } from './sqlite-source.js';

/** One life of the server, from start to stop. */
export interface Life {
  readonly control: Control;
  readonly store: Store;
  readonly reconciler: Reconciler;
  stop(): Promise<void>;
}

export interface World {
  readonly kernel: MemoryKernel;
  /** A second handle on the kernel's table: somebody with ipvsadm. */
  readonly hand: IpvsDriver;
  /** The kernel's host. */
  readonly host: MemoryHost;
  /** The store's file opened without a server. */
  openStore(): Store;
  /**
   * Starts the server on the same database and kernel. It is stopped with the test at the latest. On another driver it is
   * a server whose kernel never hears of what it writes.
   */
  start(driver?: IpvsDriver, host?: HostDriver): Promise<Life>;
}

export interface WorldOptions extends MemoryKernelOptions {
  readonly host?: MemoryHostOptions;
  /** What time it is; default: the real one. */
  readonly now?: () => Date;
  /** Time between two passes; default: so long that none comes by itself. */
  readonly intervalSeconds?: number;
  /** Default: silent. */
  readonly logger?: Logger;
}

interface LifeOptions extends Required<Pick<WorldOptions, 'now' | 'intervalSeconds' | 'logger'>> {
  readonly auditArchiveDir: string;
}

export function createWorld(
  t: TestContext,
  { now, intervalSeconds, logger, host: hostOptions, ...options }: WorldOptions = {},
): World {
  const lifeOptions: LifeOptions = {
    now: now ?? (() => new Date()),
    intervalSeconds: intervalSeconds ?? 3600,
    logger: logger ?? pino({ level: 'silent' }),
    auditArchiveDir: join(temporaryDirectory(t), 'audit-archive'),
  };
  const kernel = createMemoryKernel(options);
  const host = createMemoryHost(hostOptions);
  const lives: Life[] = [];
  t.after(() => Promise.all(lives.map((life) => life.stop())));
  const source = sqliteSource(t);
  return {
    kernel,
    hand: kernel.open(),
    host,
    openStore: () => source.open(),
    async start(driver = kernel.open(), hostDriver = host.open()) {
      const life = await startLife(source.open(), createDirectorDriver(driver, hostDriver), lifeOptions);
      lives.push(life);
      return life;
    },
  };
}

async function startLife(store: Store, driver: DirectorDriver, options: LifeOptions): Promise<Life> {
  const { now, auditArchiveDir } = options;
  const reconciler = createReconciler({
    name: 'local',
    driver,
    driverKind: 'memory',
    driverReason: 'a test',
    store,
    ...options,
  });
  await reconciler.start();
  const authentication = createAuthentication({ store, now });
  const admission = createAdmission({ authentication, rateLimit: null, maxStreams: 10 });
  return {
    store,
    reconciler,
    control: createControl({ store, reconciler, admission, readOnly: false, auditArchiveDir, now }),
    async stop() {
      await reconciler.stop();
      driver.close();
      store.close();
    },
  };
}

/** A call of somebody with one grant, by default that of an administrator of the whole server, or with those given. */
export function callOf({
  role = 'admin',
  project = null,
  ...principal
}: Partial<Principal & Grant> = {}): Call {
  return {
    principal: {
      name: 'tester',
      credentialId: 'tokens/tester',
      grants: [{ role, project }],
      ...principal,
    },
    transport: 'rest',
    requestId: 'request-1',
    sourceAddress: '192.0.2.1',
    reason: null,
  };
}

export const admin = callOf();

/** For writes to the store that no caller asked for. */
export const systemContext: WriteContext = {
  actor: { principal: 'system', credentialId: null, roles: [] },
  transport: 'system',
  sourceAddress: null,
  requestId: 'request-1',
  reason: null,
  action: 'test',
};

export const project = { project: 'default' };
export const shop = { ...project, cluster: 'shop' };
export const http = { ...shop, virtualService: 'http' };
export const web1 = { ...http, realServer: 'web1' };

export const frontend = { protocol: 'tcp', address: '192.0.2.10', port: 80 } as const;
export const frontendText = 'tcp/192.0.2.10:80';

/** Cluster shop with service http and, behind it, web1 at 10.0.0.1. */
export async function createShop(control: Control): Promise<void> {
  await control.clusters.create(admin, project, { name: 'shop' }, {});
  await control.virtualServices.create(admin, shop, { name: 'http', spec: frontend }, {});
  await control.realServers.create(admin, http, { name: 'web1', spec: { address: '10.0.0.1' } }, {});
}

/** What a write that was not a preview answered. */
export function stored<R>(answer: WriteAnswer<R>): { resource: R; created: boolean; pending: boolean } {
  assert.ok('resource' in answer);
  return answer;
}

/** For assert.rejects. */
export function failsWith(reason: Reason, check: (error: DomainError) => void = () => undefined) {
  return (error: DomainError) => {
    assert.equal(error.reason, reason, error.stack);
    check(error);
    return true;
  };
}

/** Weight of each destination and scheduler of each service, by key. */
export function summary(table: Table): Record<string, string | number> {
  const lines = [...table.values()].map((entry) => [
    entry.key,
    entry.kind === 'service' ? entry.config.scheduler : entry.config.weight,
  ]);
  return Object.fromEntries(lines.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)));
}

/** Waits for something that happens by itself. */
export async function eventually(claim: () => Promise<boolean> | boolean, limitMs = 10_000): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!(await claim())) {
    assert.ok(performance.now() < deadline, `not within ${limitMs} ms: ${claim}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
