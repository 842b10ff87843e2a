/** The whole server, put together: the only file that knows every layer. */
import { mkdirSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { type Logger, pino } from 'pino';
import { createCertificateHolders } from './access/client-certificates.js';
import { createIssuers } from './access/issuers.js';
import { readAccessPolicy } from './access/policy.js';
import { createGrpcServer } from './api-grpc/server.js';
import { buildRestApp } from './api-rest/app.js';
import { createArchiver } from './archive/archiver.js';
import { createRetention } from './archive/retention.js';
import { watchCertificates } from './certificates.js';
import type { Config, Listener } from './config.js';
import { createAdmission } from './control/access/admission.js';
import { createAuthentication } from './control/access/authentication.js';
import { createTokens } from './control/access/tokens.js';
import { createControl } from './control/create-control.js';
import { selectDriver } from './driver/select.js';
import { ensureFirstToken } from './first-token.js';
import { addGauges } from './metrics/gauges.js';
import { measuredDriver } from './metrics/measured-driver.js';
import { createMetrics } from './metrics/metrics.js';
import { version } from './package-root.js';
import { createReconciler } from './reconcile/reconciler.js';
import { createShutdown, type Shutdown } from './shutdown.js';
import { databaseFile } from './store/sqlite/database.js';
import { lockDataDirectory } from './store/sqlite/lock.js';
import { createSqliteStore } from './store/sqlite/sqlite-store.js';
import type { Store } from './store/store.js';

/** For the command, which knows no API by itself. */
export { buildOpenapiDocument } from './api-rest/openapi.js';

export interface RunningServer {
  /** Where it listens; the ports are the real ones where the configuration said 0. */
  readonly http: Listener;
  readonly grpc: Listener;
  readonly tls: boolean;
  readonly driver: 'netlink' | 'memory';
  readonly driverReason: string;
  readonly store: Store;
  readonly logger: Logger;
  /** Ends in reverse order: listeners, reconciler, driver, store. The kernel's table stays as it is. */
  stop(): Promise<void>;
}

/** What a caller may bring along. */
export interface Parts {
  /** Default: that of `driver/select.ts`. Tests bring a memory kernel that they can take away for a while. */
  readonly selectDriver?: typeof selectDriver;
  /** Default: `TIME_LIMITS`. Tests have not the time to wait for those. */
  readonly timeLimits?: typeof TIME_LIMITS;
}

/** What a request may take to arrive, over both doors; its header, over REST. */
const TIME_LIMITS = { headerMs: 10_000, requestMs: 30_000 };

/**
 * When V8 begins a full collection, and when it hurries, in percent of the way to the limit of the heap. Left to itself it comes close to
 * that limit, which is 256 MiB at first: of 350 MiB resident after a pass over 110,000 entries, 190 were garbage.
 */
const COLLECT_SOONER = ['--incremental-marking-soft-trigger=30', '--incremental-marking-hard-trigger=60'];

const DIRECTOR = 'local';

/** Resolves when both APIs answer. Rejects, with everything opened so far closed again, when a part cannot start. */
export async function startServer(config: Config, parts: Parts = {}): Promise<RunningServer> {
  for (const flag of COLLECT_SOONER) setFlagsFromString(flag);
  const logger = pino({ level: config.logLevel });
  const shutdown = createShutdown(logger);
  try {
    return await start(config, { logger, shutdown, selectDriver, timeLimits: TIME_LIMITS, ...parts });
  } catch (error) {
    await shutdown.run();
    throw error;
  }
}

interface StartParts extends Required<Parts> {
  readonly logger: Logger;
  readonly shutdown: Shutdown;
}

async function start(config: Config, { logger, shutdown, ...parts }: StartParts): Promise<RunningServer> {
  const now = () => new Date();
  const certificates = config.tls && watchCertificates(config.tls, logger);
  shutdown.add('certificates', () => certificates?.close());
  const policy = readAccessPolicy(config.accessFile);
  mkdirSync(config.dataDir, { recursive: true, mode: 0o700 });
  const lock = lockDataDirectory(config.dataDir);
  shutdown.add('data directory', () => lock.release());
  const store = createSqliteStore({ file: databaseFile(config.dataDir) });
  shutdown.add('store', () => store.close());

  const selected = await parts.selectDriver({ ...config, warn: (message) => logger.warn(message) });
  shutdown.add('driver', () => selected.driver.close());
  if (selected.kind === 'memory') {
    logger.warn(`MEMORY DRIVER: no packet is balanced (${selected.reason})`);
  }
  if (config.readOnly) logger.warn('READ-ONLY: callers cannot change anything; drift is still repaired');
  const metrics = createMetrics();
  const reconciler = createReconciler({
    name: DIRECTOR,
    driver: measuredDriver(selected.driver, metrics),
    driverKind: selected.kind,
    driverReason: selected.reason,
    store,
    logger,
    intervalSeconds: config.reconcileIntervalSeconds,
    now,
    onReconciliation: metrics.observeReconciliation,
  });
  addGauges(metrics, { reconciler, store, version });
  shutdown.add('reconciler', () => reconciler.stop());
  await reconciler.start();

  const retention = createRetention({
    archiver: createArchiver({ store, directory: config.auditArchiveDir }),
    days: config.auditRetentionDays,
    ...{ now, logger },
  });
  shutdown.add('retention', () => retention.stop());
  retention.start();

  await ensureFirstToken(createTokens({ store, now }), config.dataDir);
  const issuers = policy.issuers.length > 0 ? createIssuers({ policies: policy.issuers, now }) : undefined;
  const rules = policy.clientCertificates;
  const holders = config.tls?.clients && createCertificateHolders({ rules, now });
  const authentication = createAuthentication({ store, now, issuers, holders });
  const admission = createAdmission({ authentication, ...config });
  const control = createControl({ store, reconciler, admission, now, ...config });
  const grpcServer = createGrpcServer({ control, logger, meter: metrics, certificates, ...parts.timeLimits });
  const rest = await buildRestApp({
    ...config,
    control,
    logger,
    meter: metrics,
    certificates,
    driver: selected.kind,
    timeLimits: parts.timeLimits,
  });
  shutdown.add('rest', () => rest.close());
  await rest.listen({ host: config.http.host, port: config.http.port });
  shutdown.add('grpc', () => grpcServer.stop());
  const grpcPort = await grpcServer.start(config.grpc);
  return {
    http: { host: config.http.host, port: portOf(rest.server.address()) },
    grpc: { host: config.grpc.host, port: grpcPort },
    tls: certificates !== null,
    driver: selected.kind,
    driverReason: selected.reason,
    store,
    logger,
    stop: () => shutdown.run(),
  };
}

function portOf(address: AddressInfo | string | null): number {
  return typeof address === 'object' && address !== null ? address.port : 0;
}
