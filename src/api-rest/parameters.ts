/** Path, query and header parameters that several operations share. */
import Type, { type TProperties } from 'typebox';
import { Address, closed, Name } from '../domain/schema/common.js';
import { SETUP_FORMATS } from '../domain/schema/real-server-setup.js';
import { NAMES } from './examples.js';

function pathName(description: string, example: string) {
  return { ...Name, description, examples: [example] };
}

const project = pathName('Project; `default` exists from the start.', NAMES.project);
const cluster = pathName('Cluster.', NAMES.cluster);
const virtualService = pathName('Virtual service.', NAMES.virtualService);
const realServer = pathName('Real server.', NAMES.realServer);

export const ProjectPath = Type.Object({ project }, closed);
/** Of what is done with a project itself, which `default` is too important for. */
export const ProjectItemPath = Type.Object(
  { project: pathName('Project; `default` exists from the start.', NAMES.tenant) },
  closed,
);
export const ClusterPath = Type.Object({ project, cluster }, closed);
export const VirtualServicePath = Type.Object({ project, cluster, virtualService }, closed);
export const RealServerPath = Type.Object({ project, cluster, virtualService, realServer }, closed);
export const RealServerAddressPath = Type.Object(
  { project, address: { ...Address, examples: [NAMES.address] } },
  closed,
);
export const DirectorPath = Type.Object({ director: pathName('Director.', NAMES.director) }, closed);

/** Of a resource's past. A query has no example: Swagger UI would send it, and what is asked for by itself is what is now. */
export function revisionNumber(description: string, minimum = 1, examples: number[] = []) {
  return Type.Integer({
    minimum,
    maximum: Number.MAX_SAFE_INTEGER,
    description,
    ...(examples.length > 0 && { examples }),
  });
}

const token = pathName('Token.', NAMES.token);

export const TokenPath = Type.Object({ token }, closed);
export const ProjectTokenPath = Type.Object({ project, token }, closed);

export const NoPath = Type.Object({}, closed);
export const NoQuery = Type.Object({}, closed);

export const pageParameters = {
  pageSize: Type.Optional(
    Type.Integer({
      minimum: 1,
      description: 'At most so many items (default 50; more than 1000 counts as 1000).',
    }),
  ),
  pageToken: Type.Optional(
    Type.String({
      maxLength: 4096,
      description: '`nextPageToken` of the page before; the other parameters must be the same.',
    }),
  ),
};

export const ListQuery = Type.Object(
  {
    ...pageParameters,
    filter: Type.Optional(
      Type.String({
        maxLength: 4096,
        description:
          'Comma-separated terms, all of which must hold: `name=http`, `labels.team=web`, `spec.protocol!=udp`.',
      }),
    ),
  },
  closed,
);

const connections = Type.Optional(
  Type.Boolean({
    description:
      'true: also ask the kernel for the connections, and for how far drains have come (`status.connections`, ' +
      '`status.drain.state`).',
  }),
);

export const ConnectionsQuery = Type.Object({ connections }, closed);
export const RealServerListQuery = Type.Object({ ...ListQuery.properties, connections }, closed);

export const SetupQuery = Type.Object(
  {
    format: Type.Optional(
      Type.Enum(SETUP_FORMATS, {
        type: 'string',
        description:
          'shell (default): a POSIX script that can be run twice, and undoes what it did with `--undo`. networkd: files for ' +
          'systemd-networkd and sysctl.d. ansible: a playbook that installs the script and runs it at every boot.',
      }),
    ),
    undo: Type.Optional(Type.Boolean({ description: 'true: what takes the setup away.' })),
    vip: Type.Optional(
      Type.Array(Address, {
        maxItems: 64,
        description:
          'For services with a firewall mark: an address that clients connect to. May be given several times.',
      }),
    ),
    dip: Type.Optional({
      ...Address,
      description:
        "The director's address towards the real server. Default: that of its route; with several directors, name the one that " +
        'moves with the VIP.',
    }),
  },
  closed,
);

export const PacketPathQuery = Type.Object(
  {
    client: Type.Optional({
      ...Address,
      description:
        'Address of the client (default: one of the documentation, 203.0.113.7 or 2001:db8:ffff::7).',
    }),
    clientPort: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 65535, description: 'Its port (default 40000).' }),
    ),
    vip: Type.Optional({
      ...Address,
      description: 'For services with a firewall mark: the address that the client connects to.',
    }),
    realServer: Type.Optional({ ...Name, description: 'Only the way by this real server.' }),
  },
  closed,
);

const validateOnly = Type.Optional(
  Type.Boolean({
    description:
      'true: run everything but the commit and the kernel, and answer 200 with what would change (Preview).',
  }),
);

const drain = Type.Optional(
  Type.Boolean({
    description:
      'false: what leaves the kernel by this write leaves it at once, and its connections are cut. Default true: it gets ' +
      'weight 0 and leaves when its connections have ended, or at its deadline (`drainTimeoutSeconds` of the real server).',
  }),
);

export const WriteQuery = Type.Object({ validateOnly }, closed);

export const ChangeQuery = Type.Object({ validateOnly, drain }, closed);

export const ReplaceDefinitionQuery = Type.Object(
  {
    validateOnly,
    drain,
    maxDeletions: Type.Optional(
      Type.Integer({
        minimum: 0,
        description: 'Refuse the write when it would delete more resources than this.',
      }),
    ),
  },
  closed,
);

const allowMissing = Type.Optional(
  Type.Boolean({ description: 'true: what is not there counts as deleted, and the answer is 204.' }),
);

/** Deletions of what has no connections. */
export const RemoveQuery = Type.Object({ validateOnly, allowMissing }, closed);

export const DeleteQuery = Type.Object(
  {
    validateOnly,
    drain,
    allowMissing,
    cascade: Type.Optional(
      Type.Boolean({ description: 'true: delete the children too. Without it they are a 409.' }),
    ),
  },
  closed,
);

const anyWrite = {
  'x-audit-reason': Type.Optional(
    Type.String({ description: 'Why; UTF-8, at most 1024 bytes. Kept in the audit event.' }),
  ),
  'idempotency-key': Type.Optional(
    Type.String({
      pattern: '^[\\x21-\\x7e]{1,128}$',
      description:
        'A value of your own, new for every write: a call that is sent again with it within 24 hours is not carried out again, ' +
        'and gets the first answer. Of a preview it means nothing.',
    }),
  ),
};

const ifMatch = {
  'if-match': Type.Optional(
    Type.String({
      maxLength: 4096,
      description: 'Entity tag (or a list, or `*`) that the resource must have; another one is a 412.',
    }),
  ),
};

/** Open, unlike all other parts: a request has many more header fields. */
function headers(properties: TProperties) {
  return Type.Object(properties);
}

export const ReadHeaders = headers({
  'if-none-match': Type.Optional(
    Type.String({ description: 'Entity tag that the client has; the current one is answered with 304.' }),
  ),
});
export const CreateHeaders = headers(anyWrite);
export const ChangeHeaders = headers({ ...ifMatch, ...anyWrite });
export const WatchHeaders = headers({
  'last-event-id': Type.Optional(
    Type.String({ pattern: '^[0-9]{1,15}$', description: 'The last event that the client has seen.' }),
  ),
});
export const ReplaceHeaders = headers({
  ...ifMatch,
  'if-none-match': Type.Optional(
    Type.String({ pattern: '^\\*$', description: '`*`: create only; a resource that is there is a 412.' }),
  ),
  ...anyWrite,
});
