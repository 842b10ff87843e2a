/** The production server on free ports, with a data directory of its own and a memory kernel that tests can steer. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CertificateFiles, type Config, readConfig } from '../../src/config.js';
import { createTokens } from '../../src/control/access/tokens.js';
import type { Role } from '../../src/control/operations.js';
import { createDirectorDriver } from '../../src/driver/director-driver.js';
import { createMemoryKernel, type MemoryKernel, type MemoryKernelOptions } from '../../src/driver/memory.js';
import { createMemoryHost, type MemoryHost, type MemoryHostOptions } from '../../src/driver/memory-host.js';
import { type Parts, type RunningServer, startServer } from '../../src/server.js';
import type { WriteContext } from '../../src/store/store.js';

export interface TestServer {
  readonly running: RunningServer;
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** `127.0.0.1:PORT`. */
  readonly grpcAddress: string;
  readonly dataDir: string;
  readonly kernel: MemoryKernel;
  readonly host: MemoryHost;
  /** Secret of a token with role admin. */
  readonly adminToken: string;
  /** Secret of a new token, bound to a project or (null) to the whole server. */
  createToken(role: Role, project?: string | null): Promise<string>;
  /** Stops it and starts another on the same data and kernel, with the same secrets; `this` is over then. */
  restart(options?: TestServerOptions): Promise<TestServer>;
  /** Also removes the data directory. */
  stop(): Promise<void>;
}

export interface TestServerOptions {
  readonly kernel?: MemoryKernelOptions;
  readonly host?: MemoryHostOptions;
  readonly allowedHosts?: readonly string[];
  readonly tls?: CertificateFiles;
  readonly accessFile?: string;
  readonly corsOrigins?: readonly string[];
  /** Default: as in production. */
  readonly rateLimit?: Config['rateLimit'];
  readonly maxStreams?: number;
  readonly readOnly?: boolean;
  readonly timeLimits?: Parts['timeLimits'];
  /** Default: an hour, so that no pass but the first comes unasked. */
  readonly reconcileIntervalSeconds?: number;
}

const defaults = readConfig({}, {});

export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const dataDir = mkdtempSync(join(tmpdir(), 'lvsd-test-'));
  const ground = {
    dataDir,
    kernel: createMemoryKernel(options.kernel),
    host: createMemoryHost(options.host),
  };
  return startOn(ground, options);
}

/** What outlives a server. */
interface Ground {
  readonly dataDir: string;
  readonly kernel: MemoryKernel;
  readonly host: MemoryHost;
  readonly adminToken?: string;
}

async function startOn(ground: Ground, options: TestServerOptions): Promise<TestServer> {
  const { dataDir, kernel, host } = ground;
  const running = await startServer(
    {
      dataDir,
      driver: 'memory',
      modulesDir: '/lib/modules',
      logLevel: 'silent',
      http: { host: '127.0.0.1', port: 0 },
      grpc: { host: '127.0.0.1', port: 0 },
      tls: options.tls ?? null,
      accessFile: options.accessFile ?? null,
      allowedHosts: options.allowedHosts ?? [],
      corsOrigins: options.corsOrigins ?? [],
      rateLimit: options.rateLimit === undefined ? defaults.rateLimit : options.rateLimit,
      maxStreams: options.maxStreams ?? defaults.maxStreams,
      auditArchiveDir: join(dataDir, 'audit-archive'),
      auditRetentionDays: null,
      readOnly: options.readOnly ?? false,
      reconcileIntervalSeconds: options.reconcileIntervalSeconds ?? 3600,
    },
    {
      selectDriver: async () => {
        const driver = createDirectorDriver(kernel.open(), host.open());
        return { kind: 'memory', driver, reason: 'a test' };
      },
      ...(options.timeLimits && { timeLimits: options.timeLimits }),
    },
  );
  const tokens = createTokens({ store: running.store, now: () => new Date() });
  async function createToken(role: Role, project: string | null = null): Promise<string> {
    const body = { name: `test-${randomUUID()}`, spec: { role } };
    return (await tokens.create(TEST_CONTEXT, project, body)).value.secret;
  }

  const adminToken = ground.adminToken ?? (await createToken('admin'));
  return {
    running,
    url: `http://127.0.0.1:${running.http.port}`,
    grpcAddress: `127.0.0.1:${running.grpc.port}`,
    dataDir,
    kernel,
    host,
    adminToken,
    createToken,
    async restart(changed = options) {
      await running.stop();
      return startOn({ ...ground, adminToken }, changed);
    },
    async stop() {
      await running.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

const TEST_CONTEXT: WriteContext = {
  actor: { principal: 'test', credentialId: null, roles: [] },
  transport: 'cli',
  sourceAddress: null,
  requestId: 'test',
  reason: null,
  action: 'createToken',
};
