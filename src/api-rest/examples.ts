/**
 * The worked examples of the API documentation. They tell one story: sent in the order of the document, the deletions
 * last, they work on a fresh server; a test does that.
 */
import type { AuditEvent } from '../domain/schema/audit-event.js';
import type { Import, ImportInput } from '../domain/schema/import.js';
import type { Preflight } from '../domain/schema/preflight.js';
import type { Token, TokenInput } from '../domain/schema/token.js';
import { frameText } from './event-stream.js';

export const NAMES = {
  project: 'default',
  tenant: 'blog',
  cluster: 'shop',
  virtualService: 'http',
  realServer: 'web-1',
  director: 'local',
  token: 'ci',
  address: '192.168.10.11',
} as const;

const time = '2026-01-01T00:00:00.000Z';
const labels = { team: 'web' };

function bookkeeping(revision: number) {
  return { revision, etag: `"${revision}"`, createTime: time, updateTime: time };
}

function applied(observedRevision: number) {
  return {
    state: 'applied',
    directors: [{ name: NAMES.director, state: 'applied', observedRevision }],
    warnings: [],
  };
}

const clusterSpec = { description: 'Web shop', forwarding: { method: 'nat' } };
const clusterStored = { ...clusterSpec, vip: { interface: null } };

const serviceSpec = { protocol: 'tcp', address: '192.168.10.88', port: 80, scheduler: 'wrr' };
const serviceStored = { ...serviceSpec, schedulerFlags: [], persistence: null, onePacket: false };
const serviceKey = 'tcp/192.168.10.88:80';

const serverSpec = { address: '192.168.10.11', port: 8080, weight: 3 };
const serverStored = {
  ...serverSpec,
  upperThreshold: 0,
  lowerThreshold: 0,
  adminState: 'active',
  drainTimeoutSeconds: 300,
};
const serverKey = `${serviceKey}->192.168.10.11:8080`;

/** For one kind: what to send, and what the server answers to it. */
export interface ResourceExamples {
  readonly create: object;
  readonly replace: object;
  readonly patch: object;
  readonly resource: object;
}

const quotas = { clusters: 5, virtualServices: 20, realServers: 100 };
const limits = {
  vipPrefixes: ['192.0.2.16/28'],
  ripPrefixes: ['10.20.0.0/16'],
  ports: [
    { from: 80, to: 80 },
    { from: 443, to: 443 },
  ],
  forwardingMethods: ['nat', 'dr'],
  interfaces: [],
};
const projectSpec = { description: 'The blog team', quotas, limits };

export const PROJECT: ResourceExamples = {
  create: {
    name: NAMES.tenant,
    labels: { team: 'blog' },
    spec: { ...projectSpec, limits: { ...limits, ports: [{ from: 80 }, { from: 443 }] } },
  },
  replace: { labels: { team: 'blog' }, spec: projectSpec },
  patch: { spec: { quotas: { realServers: 200 }, limits: { ripPrefixes: null } } },
  resource: {
    name: NAMES.tenant,
    labels: { team: 'blog' },
    spec: { ...projectSpec, limits: { ...limits, snatPrefixes: null, fwmarks: null } },
    status: { usage: { clusters: 1, virtualServices: 2, realServers: 6 }, violations: [] },
    ...bookkeeping(2),
  },
};

export const CLUSTER: ResourceExamples = {
  create: { name: NAMES.cluster, labels, spec: clusterSpec },
  replace: { labels, spec: clusterSpec },
  patch: { spec: { description: 'Web shop, both sites' } },
  resource: {
    name: NAMES.cluster,
    project: NAMES.project,
    labels,
    spec: clusterStored,
    status: applied(3),
    ...bookkeeping(3),
  },
};

export const VIRTUAL_SERVICE: ResourceExamples = {
  create: { name: NAMES.virtualService, labels, spec: serviceSpec },
  replace: {
    labels,
    spec: { ...serviceSpec, persistence: { timeoutSeconds: 300, prefixLength: 24 } },
  },
  patch: { spec: { scheduler: 'wlc', persistence: null } },
  resource: {
    name: NAMES.virtualService,
    project: NAMES.project,
    cluster: NAMES.cluster,
    labels,
    spec: serviceStored,
    status: {
      ...applied(4),
      vip: { address: '192.168.10.88', interface: null, boundBy: null },
      key: serviceKey,
    },
    ...bookkeeping(4),
  },
};

export const REAL_SERVER: ResourceExamples = {
  create: { name: NAMES.realServer, labels: {}, spec: serverSpec },
  replace: { labels: {}, spec: { ...serverSpec, weight: 5, upperThreshold: 1000 } },
  patch: { spec: { adminState: 'drain' } },
  resource: {
    name: NAMES.realServer,
    project: NAMES.project,
    cluster: NAMES.cluster,
    virtualService: NAMES.virtualService,
    labels: {},
    spec: serverStored,
    status: {
      ...applied(6),
      key: serverKey,
      effectivePort: 8080,
      effectiveWeight: 3,
      effectiveForwarding: { method: 'nat' },
      drain: null,
    },
    ...bookkeeping(6),
  },
};

export const REAL_SERVER_ADDRESS = {
  patch: { spec: { adminState: 'drain' } },
  resource: { project: NAMES.project, address: NAMES.address, realServers: [REAL_SERVER.resource] },
};

export const DEFINITION = {
  input: {
    labels,
    spec: clusterSpec,
    virtualServices: {
      [NAMES.virtualService]: {
        spec: serviceSpec,
        realServers: {
          [NAMES.realServer]: { spec: serverSpec },
          'web-2': { spec: { ...serverSpec, address: '192.168.10.12' } },
        },
      },
      dns: {
        spec: { protocol: 'udp', address: '192.168.10.88', port: 53, scheduler: 'rr' },
      },
    },
  },
  definition: {
    labels,
    spec: clusterStored,
    virtualServices: {
      [NAMES.virtualService]: {
        labels: {},
        spec: serviceStored,
        realServers: { [NAMES.realServer]: { labels: {}, spec: serverStored } },
      },
    },
  },
} as const;

const operations = [
  {
    command: 'NEW_DEST',
    key: serverKey,
    config: { method: 'nat', weight: 3, upperThreshold: 0, lowerThreshold: 0, tunnel: null },
    errno: null,
    errnoName: null,
  },
];

export const PREVIEW = {
  validateOnly: true,
  changes: [
    {
      type: 'create',
      resource: 'projects/default/clusters/shop/virtual-services/http/real-servers/web-1',
      before: null,
      after: { labels: {}, spec: serverStored },
    },
  ],
  operations,
};

export const RECONCILIATION = {
  time,
  trigger: 'request',
  outcome: 'clean',
  durationMs: 1.4,
  drift: 0,
  operations: 0,
  refused: 0,
  detail: null,
};

export const DIRECTOR = {
  name: NAMES.director,
  driver: 'netlink',
  driverReason: 'The kernel has the IPVS family and this process may change it.',
  reachable: true,
  kernelRelease: '6.1.0',
  ipvsVersion: '1.2.1',
  connectionTableSize: 4096,
  capabilities: {
    ipv6: true,
    sctp: true,
    fullnat: true,
    fullnatMissing: null,
    vipBinding: true,
    vipBindingMissing: null,
    schedulers: ['rr', 'wrr', 'lc', 'wlc', 'lblc', 'lblcr', 'dh', 'sh', 'sed', 'nq', 'fo', 'ovf', 'mh'],
    persistenceEngines: ['sip'],
    tunnelTypes: ['ipip', 'gue', 'gre'],
  },
  intervalSeconds: 30,
  lastReconciliation: { ...RECONCILIATION, trigger: 'interval' },
  managedEntries: 2,
  foreignEntries: 0,
  driftCount: 0,
};

export const TABLE = {
  director: NAMES.director,
  readTime: time,
  services: [
    {
      key: serviceKey,
      managed: true,
      resource: 'projects/default/clusters/shop/virtual-services/http',
      protocol: 'tcp',
      address: '192.168.10.88',
      port: 80,
      family: 'ipv4',
      scheduler: 'wrr',
      schedulerFlags: [],
      onePacket: false,
      persistence: null,
      destinations: [
        {
          key: serverKey,
          managed: true,
          resource: 'projects/default/clusters/shop/virtual-services/http/real-servers/web-1',
          address: '192.168.10.11',
          port: 8080,
          method: 'nat',
          weight: 3,
          upperThreshold: 0,
          lowerThreshold: 0,
          tunnel: null,
          activeConnections: 0,
          inactiveConnections: 0,
          persistentConnections: 0,
        },
      ],
    },
  ],
  addresses: [],
  snat: [],
};

export const TABLE_LIST = `IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
TCP  192.168.10.88:80 wrr
  -> 192.168.10.11:8080           Masq    3      0          0         
`;

export const TABLE_SAVE = `-A -t 192.168.10.88:80 -s wrr
-a -t 192.168.10.88:80 -r 192.168.10.11:8080 -m -w 3
`;

const foreignKey = 'tcp/192.168.10.99:443';

export const DRIFT = {
  director: NAMES.director,
  readTime: time,
  differences: [
    {
      type: 'missing',
      key: serverKey,
      resource: 'projects/default/clusters/shop/virtual-services/http/real-servers/web-1',
      desired: operations[0]?.config,
      actual: null,
    },
  ],
  foreign: [foreignKey],
  operations,
};

const adoption = {
  director: NAMES.director,
  project: NAMES.project,
  cluster: 'legacy',
  adopted: [
    {
      key: foreignKey,
      resource: 'projects/default/clusters/legacy/virtual-services/tcp-192-168-10-99-443',
    },
  ],
  leftOut: [
    {
      key: `${foreignKey}->192.168.10.12:443`,
      reason: 'NOT_EXPRESSIBLE',
      detail: 'forwarding.method must be one of nat, dr, tun, fullnat.',
    },
  ],
};
const adoptedService = {
  ...serviceStored,
  address: '192.168.10.99',
  port: 443,
};

/** The service is the foreign one of DRIFT. */
export const ADOPTION = {
  input: {
    cluster: 'legacy',
    labels: { origin: 'adopted' },
    description: 'Made by hand',
    select: { prefixes: ['192.168.10.96/29'] },
  },
  adoption,
  preview: {
    validateOnly: true,
    changes: [
      {
        type: 'create',
        resource: adoption.adopted[0]?.resource,
        before: null,
        after: { labels: {}, spec: adoptedService },
      },
    ],
    operations: [],
    adoption,
    definition: {
      labels: { origin: 'adopted' },
      spec: { description: 'Made by hand', forwarding: { method: 'dr' }, vip: { interface: null } },
      virtualServices: {
        'tcp-192-168-10-99-443': { labels: {}, spec: adoptedService, realServers: {} },
      },
    },
  },
};

const importedService = {
  protocol: 'tcp',
  address: '192.168.10.90',
  port: 8443,
  scheduler: 'wrr',
} as const;

export const IMPORT: { input: ImportInput; import: Import } = {
  input: {
    cluster: 'imported',
    format: 'ipvsadm',
    files: [{ path: 'ipvsadm.rules', content: '-A -t 192.168.10.90:8443 -s wrr\n' }],
    apply: true,
  },
  import: {
    project: NAMES.project,
    cluster: 'imported',
    format: 'ipvsadm',
    state: 'applied',
    definition: {
      spec: {},
      virtualServices: { 'tcp-192-168-10-90-8443': { spec: importedService, realServers: {} } },
    },
    findings: [],
    directives: { read: 1, takenOver: 1, named: 0 },
    changes: [
      {
        type: 'create',
        resource: 'projects/default/clusters/imported',
        before: null,
        after: {
          labels: {},
          spec: { description: '', forwarding: { method: 'dr' }, vip: { interface: null } },
        },
      },
    ],
    operations: [
      {
        command: 'NEW_SERVICE',
        key: 'tcp/192.168.10.90:8443',
        config: { scheduler: 'wrr', schedulerFlags: [], onePacket: false, persistence: null },
        errno: null,
        errnoName: null,
      },
    ],
  },
};

export const PREFLIGHT: Preflight = {
  director: NAMES.director,
  time,
  errors: 1,
  warnings: 0,
  infos: 0,
  findings: [
    {
      id: 'VIP_MISSING',
      severity: 'error',
      subject: {
        interface: 'eth0',
        address: '192.168.10.88',
        resource: 'projects/default/clusters/shop/virtual-services/http',
        method: null,
      },
      seen: 'The director does not have 192.168.10.88.',
      why: 'The director does not take packets for an address that it does not have, nor answers ARP for it.',
      remedy: 'ip addr add 192.168.10.88/32 dev eth0',
      advice: 'Bind 192.168.10.88 to the interface on which clients reach it.',
    },
  ],
};

export const COUNTER_RESET = {
  input: { key: serviceKey },
  reset: { director: NAMES.director, time, key: serviceKey },
};

export const DRAIN = {
  key: serverKey,
  resource: 'projects/default/clusters/shop/virtual-services/http/real-servers/web-1',
  state: 'draining',
  leaving: true,
  deadline: '2026-01-01T00:05:00.000Z',
  connections: { active: 2, inactive: 14, persistent: 0 },
};

const webPath = 'projects/default/clusters/shop/virtual-services/http';

export const CONNECTION = {
  protocol: 'tcp',
  client: { address: '203.0.113.7', port: 51234 },
  virtual: { address: serviceSpec.address, port: serviceSpec.port },
  real: { address: serverSpec.address, port: serverSpec.port },
  state: 'ESTABLISHED',
  expiresSeconds: 892,
  template: false,
  persistence: null,
  virtualService: webPath,
  realServer: `${webPath}/real-servers/web-1`,
};

export const CONNECTION_LIST = `IPVS connection entries
pro expire state       source             virtual            destination
TCP 14:52  ESTABLISHED 203.0.113.7:51234  192.168.10.88:80   192.168.10.11:8080
`;

const timeouts = { tcpSeconds: 900, tcpFinSeconds: 60, udpSeconds: 120 };

export const TIMEOUTS = {
  input: { spec: timeouts },
  setting: {
    director: NAMES.director,
    spec: timeouts,
    status: { state: 'applied', actual: timeouts, detail: null },
    revision: 8,
    etag: '"8"',
  },
  text: 'Timeout (tcp tcpfin udp): 900 60 120\n',
};

const daemon = { interface: 'eth0', syncId: 7, group: '224.0.0.81', port: 8848, ttl: 1, maxLength: null };

export const SYNC_DAEMONS = {
  input: { spec: { master: { interface: 'eth0', syncId: 7 }, backup: null } },
  setting: {
    director: NAMES.director,
    spec: { master: daemon, backup: null },
    status: {
      state: 'applied',
      actual: { master: { ...daemon, maxLength: 1472 }, backup: null },
      detail: null,
    },
    revision: 9,
    etag: '"9"',
  },
  text: 'master sync daemon (mcast=eth0, syncid=7, maxlen=1472, group=224.0.0.81, port=8848, ttl=1)\n',
};

const driftPolicy = { mode: 'enforce', maxChangePercent: 20, minChangeEntries: 10 };

export const DRIFT_POLICY = {
  input: { spec: { mode: 'enforce', maxChangePercent: 20 } },
  setting: {
    director: NAMES.director,
    spec: driftPolicy,
    status: { held: false, detail: null },
    revision: 10,
    etag: '"10"',
  },
};

export interface TokenExamples {
  readonly create: TokenInput;
  readonly token: Token;
}

function token(project: string | null, revision: number, spec: Token['spec']): TokenExamples {
  const status = { state: 'active' } as const;
  return {
    create: { name: NAMES.token, labels, spec },
    token: { name: NAMES.token, project, labels, spec, status, ...bookkeeping(revision) },
  };
}

export const TOKEN = {
  ofServer: token(null, 11, { role: 'viewer', expireTime: '2099-12-31T23:59:59.000Z' }),
  ofProject: token(NAMES.project, 12, { role: 'editor', expireTime: null }),
  secret: 'lvsd_not-a-real-one-but-as-long-as-they-all-are-AAAA',
};

export const AUDIT_EVENT: AuditEvent = {
  id: 6,
  time,
  kind: 'change',
  actor: { principal: 'admin', credentialId: 'admin', roles: ['admin'] },
  transport: 'rest',
  sourceAddress: '127.0.0.1',
  requestId: '5a4f2f0e-3b59-4d3c-9d0e-0a4a3c1f7c11',
  reason: 'Ticket 4711',
  action: 'createRealServer',
  resource: 'projects/default/clusters/shop/virtual-services/http/real-servers/web-1',
  director: null,
  before: null,
  after: { labels: {}, spec: serverStored },
  operations: [],
  durationMicros: null,
  detail: null,
  previousHash: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  hash: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
};

export const WATCH_STREAM =
  frameText({ id: '11', event: 'heartbeat', data: '{"revision":11}' }) +
  frameText({ id: String(AUDIT_EVENT.id), event: AUDIT_EVENT.kind, data: JSON.stringify(AUDIT_EVENT) });

export const INTEGRITY = {
  intact: true,
  events: 6,
  lastId: 6,
  lastHash: AUDIT_EVENT.hash,
  archivedThrough: 0,
  brokenAt: null,
  detail: null,
};
