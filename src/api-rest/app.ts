/** The REST API: one fastify instance, the same in production, in tests and for the OpenAPI document. */
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyServerOptions,
  LogController,
} from 'fastify';
import type { Certificates } from '../certificates.js';
import type { Control } from '../control/control.js';
import { createAuthentication } from './authentication.js';
import { registerBodyParsers } from './body.js';
import { registerCors } from './cors.js';
import { registerDeprecation } from './deprecation.js';
import { registerDocs } from './docs.js';
import { createClientErrorHandler, sendError } from './errors.js';
import { registerFrontDoor } from './front-door.js';
import { type Meter, registerMeter } from './meter.js';
import { registerOpenapi } from './openapi-plugin.js';
import { markReplayed } from './replayed.js';
import { requestIdOf } from './request.js';
import { adoptionRoutes } from './routes/adoptions.js';
import { auditArchiveRoutes } from './routes/audit-archives.js';
import { auditEventRoutes } from './routes/audit-events.js';
import { changeSetRoutes } from './routes/change-sets.js';
import { clusterRoutes } from './routes/clusters.js';
import { connectionRoutes } from './routes/connections.js';
import { definitionRoutes } from './routes/definition.js';
import { directorSettingRoutes } from './routes/director-settings.js';
import { directorRoutes } from './routes/directors.js';
import { driftPolicyRoutes } from './routes/drift-policy.js';
import { eventRoutes } from './routes/events.js';
import { healthRoutes } from './routes/health.js';
import { historyRoutes } from './routes/history.js';
import { importRoutes } from './routes/imports.js';
import { metricsRoutes } from './routes/metrics.js';
import { packetPathRoutes } from './routes/packet-paths.js';
import { preflightRoutes } from './routes/preflights.js';
import { problemRoutes } from './routes/problems.js';
import { projectRoutes } from './routes/projects.js';
import { realServerAddressRoutes } from './routes/real-server-addresses.js';
import { realServerSetupRoutes } from './routes/real-server-setups.js';
import { realServerRoutes } from './routes/real-servers.js';
import { tokenRoutes } from './routes/tokens.js';
import { virtualServiceRoutes } from './routes/virtual-services.js';
import { followCertificates, withTls } from './tls.js';
import { partValidatorCompiler } from './validation.js';

export interface TimeLimits {
  /** From the connection to the end of the header. */
  readonly headerMs: number;
  /** To the end of the body. */
  readonly requestMs: number;
}

export interface RestOptions {
  readonly control: Control;
  readonly logger: FastifyBaseLogger;
  readonly meter: Meter;
  readonly timeLimits: TimeLimits;
  /** Absent: no TLS. */
  readonly certificates?: Certificates | null;
  /** Driver of the local director; /docs warns when it is `memory`. */
  readonly driver: 'netlink' | 'memory';
  /** Whether /docs says that changes are refused; the control layer refuses them. */
  readonly readOnly?: boolean;
  /** Host names, without port, that clients use besides loopback and the address they connect to. */
  readonly allowedHosts?: readonly string[];
  /** Origins, besides this server's own, whose pages may call it. */
  readonly corsOrigins?: readonly string[];
}

/** A definition of about 100,000 real servers; more belongs into several clusters. */
const BODY_LIMIT_BYTES = 16 * 1024 * 1024;

/** Given with the options, and not set afterwards, they keep fastify from loading its own. Its types speak of those alone. */
const OWN_COMPILERS = {
  compilersFactory: {
    buildValidator: () => partValidatorCompiler,
    // fast-json-stringify writes members in another order, turns wrong types into plausible text and refuses a schema that
    // names one $id twice; it would save a microsecond. Tests hold every answer against its documented schema.
    buildSerializer: () => () => (value: unknown) => JSON.stringify(value),
  },
} as unknown as NonNullable<FastifyServerOptions['schemaController']>;

/** Ready to listen; `close()` lets running requests finish. */
export async function buildRestApp(options: RestOptions): Promise<FastifyInstance> {
  const { control, logger, meter, timeLimits, certificates = null } = options;
  const app = fastify({
    loggerInstance: logger,
    logController: new LogController({ requestIdLogLabel: 'requestId' }),
    genReqId: requestIdOf,
    bodyLimit: BODY_LIMIT_BYTES,
    // Slow senders hold no connection for long.
    requestTimeout: timeLimits.requestMs,
    ...withTls(certificates, {
      headersTimeout: timeLimits.headerMs,
      connectionsCheckingInterval: 2_000,
      // The front door asks for it, with a problem document.
      requireHostHeader: false,
    }),
    // Longer than the 60 s of common proxies, so that they close an idle connection first and never write into one that
    // is being closed here.
    keepAliveTimeout: 72_000,
    // A silent connection; well above the longest pass.
    connectionTimeout: 300_000,
    forceCloseConnections: 'idle',
    // Ours is a problem document.
    return503OnClosing: false,
    routerOptions: { maxParamLength: 1024 },
    schemaController: OWN_COMPILERS,
    frameworkErrors: sendError,
    clientErrorHandler: createClientErrorHandler(logger),
  }).withTypeProvider<TypeBoxTypeProvider>();

  app.setErrorHandler((error, request, reply) => sendError(error, request, reply));
  registerBodyParsers(app);
  app.decorateRequest('principal', null);
  app.decorateRequest('retryKey', null);

  // An expectation that nobody knows may be ignored (RFC 9110, 10.1.1); Node alone would answer 417 without a body.
  app.server.on('checkExpectation', app.routing);
  if (certificates) followCertificates(app, certificates);
  registerMeter(app, meter);
  const { allowedHosts = [], corsOrigins = [] } = options;
  await registerCors(app, corsOrigins);
  registerDeprecation(app);
  registerFrontDoor(app, {
    admission: control.admission,
    allowedHosts,
    corsOrigins,
    isTls: certificates !== null,
  });
  await registerOpenapi(app);
  await registerDocs(app, { driver: options.driver, readOnly: options.readOnly ?? false });
  await app.register(healthRoutes, { control });
  await app.register(metricsRoutes, { meter });
  await app.register(problemRoutes);
  await app.register(async (authenticated) => {
    authenticated.addHook('onRequest', createAuthentication(control));
    authenticated.addHook('onSend', markReplayed);
    for (const routes of [
      clusterRoutes,
      virtualServiceRoutes,
      packetPathRoutes,
      realServerRoutes,
      realServerAddressRoutes,
      realServerSetupRoutes,
      definitionRoutes,
      changeSetRoutes,
      importRoutes,
      projectRoutes,
      directorRoutes,
      adoptionRoutes,
      connectionRoutes,
      directorSettingRoutes,
      driftPolicyRoutes,
      preflightRoutes,
      tokenRoutes,
      auditEventRoutes,
      auditArchiveRoutes,
      eventRoutes,
      historyRoutes,
    ]) {
      await authenticated.register(routes, { control });
    }
  });
  await app.ready();
  return app;
}
