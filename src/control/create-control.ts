import { createArchiver } from '../archive/archiver.js';
import type { Reconciler } from '../reconcile/reconciler.js';
import type { Store } from '../store/store.js';
import { auditDeniedCalls } from './access/denied-calls.js';
import { readOnlyReconciler, readOnlyStore } from './access/read-only.js';
import { createTokenResources } from './access/token-resources.js';
import { createAuditArchives } from './audit/audit-archives.js';
import { createAuditEvents } from './audit/audit-events.js';
import { createChangeSets } from './change-sets/change-sets.js';
import type { Admission, Control, Readiness } from './control.js';
import { createDefinitions } from './definitions/definitions.js';
import { createImports } from './definitions/imports.js';
import { CLUSTER, REAL_SERVER, VIRTUAL_SERVICE } from './definitions/kinds.js';
import {
  clusterPresenter,
  presentAny,
  realServerPresenter,
  virtualServicePresenter,
} from './definitions/present.js';
import { createProjects, presentProject } from './definitions/projects.js';
import { createRealServerAddresses } from './definitions/real-server-addresses.js';
import { createResources } from './definitions/resources.js';
import { createConnections } from './directors/connections.js';
import { routesOf } from './directors/director-routes.js';
import { createSyncDaemons, createTimeouts } from './directors/director-settings.js';
import { createDirectors } from './directors/directors.js';
import { createDriftPolicies } from './directors/drift-policy.js';
import { realServerObserver } from './directors/observe.js';
import { createPacketPaths } from './directors/packet-paths.js';
import { createPreflights } from './directors/preflights.js';
import { createRealServerSetups } from './directors/real-server-setups.js';
import { createHistory } from './history/history.js';
import { carryOutOnce } from './retries/carry-out-once.js';

interface Dependencies {
  readonly store: Store;
  readonly reconciler: Reconciler;
  readonly admission: Admission;
  /** Nobody may change anything; previews still answer. */
  readonly readOnly: boolean;
  /** Made when it is needed. */
  readonly auditArchiveDir: string;
  readonly now: () => Date;
}

export function createControl({
  admission,
  readOnly,
  auditArchiveDir,
  now,
  ...ports
}: Dependencies): Control {
  const store = readOnly ? readOnlyStore(ports.store) : ports.store;
  const reconciler = readOnly ? readOnlyReconciler(ports.reconciler) : ports.reconciler;
  const routes = routesOf(reconciler);
  const { preflights, warnings } = createPreflights({ store, reconciler, now });
  const presentCluster = clusterPresenter(reconciler, warnings);
  const presentVirtualService = virtualServicePresenter(reconciler);
  const realServerParts = {
    store,
    reconciler,
    now,
    present: realServerPresenter(reconciler),
    observe: realServerObserver({ store, reconciler, now }),
  };
  const operations = {
    projects: createProjects({ store, reconciler, now }),
    clusters: createResources(CLUSTER, {
      store,
      reconciler,
      now,
      present: presentCluster,
    }),
    virtualServices: createResources(VIRTUAL_SERVICE, {
      store,
      reconciler,
      now,
      present: presentVirtualService,
    }),
    realServers: createResources(REAL_SERVER, realServerParts),
    realServerAddresses: createRealServerAddresses(realServerParts),
    realServerSetups: createRealServerSetups(store, routes),
    packetPaths: createPacketPaths(store, routes),
    definitions: createDefinitions({ store, reconciler, now }),
    history: createHistory(store),
    changeSets: createChangeSets({ reconciler, now }),
    imports: createImports({ store, reconciler, now }),
    directors: createDirectors({ store, reconciler, now }),
    connections: createConnections({ store, reconciler }),
    timeouts: createTimeouts(store, reconciler),
    syncDaemons: createSyncDaemons(store, reconciler),
    driftPolicies: createDriftPolicies(store, reconciler),
    preflights,
    tokens: createTokenResources({ store, now }),
    auditEvents: createAuditEvents(
      store,
      presentAny({
        project: presentProject,
        cluster: presentCluster,
        virtualService: presentVirtualService,
        realServer: realServerParts.present,
      }),
    ),
    auditArchives: createAuditArchives({
      store,
      archiver: createArchiver({ store, directory: auditArchiveDir }),
      now,
    }),
  };
  return {
    ...auditDeniedCalls(carryOutOnce(operations, ports.store), ports.store),
    admission,
    async readiness() {
      return readinessOf(store, reconciler, now());
    },
  };
}

/** Ready means that a write would be stored and would reach the kernel. */
function readinessOf(store: Store, { director, intervalSeconds }: Reconciler, now: Date): Readiness {
  const revision = store.read((reader) => reader.revision());
  const last = director.lastReconciliation;
  const checks = [
    { name: 'store', ok: true, detail: `revision ${revision}` },
    {
      name: `director ${director.name}`,
      ok: director.reachable,
      detail: director.unreachableReason ?? `${director.driver} driver answers`,
    },
    {
      name: `reconciliation ${director.name}`,
      ok: last !== null && isRecent(last.time, now, intervalSeconds),
      detail: last ? `${last.outcome} at ${last.time}` : 'none yet',
    },
  ];
  const drift = {
    name: `drift ${director.name}`,
    ok: director.held === null,
    detail: director.held ?? 'within what passes may change',
  };
  // Calls are served all the same while drift waits for a person.
  return { ready: checks.every(({ ok }) => ok), checks: [...checks, drift] };
}

/** A loop that ended in silence must show: three intervals without a pass are too many. */
function isRecent(time: string, now: Date, intervalSeconds: number): boolean {
  return now.getTime() - Date.parse(time) < 3 * (intervalSeconds + 10) * 1000;
}
