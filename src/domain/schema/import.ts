import Type, { type Static } from 'typebox';
import { closed, Name, Nullable } from './common.js';
import { DefinitionInput } from './definition.js';
import { Preview } from './preview.js';

export const IMPORT_FORMATS = ['keepalived', 'ipvsadm', 'ldirectord', 'definition'] as const;

const FORMATS =
  'keepalived: keepalived.conf. ipvsadm: output of `ipvsadm -Sn`. ldirectord: ldirectord.cf. definition: the JSON or YAML ' +
  'of a definition.';
const Format = Type.Enum(IMPORT_FORMATS, { type: 'string', description: FORMATS });

const SEVERITIES = ['error', 'unsupported', 'info'] as const;

export const ImportInput = Type.Object(
  {
    project: Type.Optional({ ...Name, description: 'Project of the cluster (default "default").' }),
    cluster: Type.Optional({
      ...Name,
      description: 'The cluster that gets the services (default "imported"); created when there is none.',
    }),
    format: Type.Optional(Nullable({ ...Format, description: `${FORMATS} Default: as it looks.` })),
    files: Type.Array(
      Type.Object(
        {
          path: Type.String({
            minLength: 1,
            maxLength: 1024,
            description: 'How findings call it, and how others include it.',
            examples: ['/etc/keepalived/keepalived.conf'],
          }),
          content: Type.String(),
        },
        closed,
      ),
      {
        minItems: 1,
        maxItems: 1000,
        description: 'The first is read; the others are what it includes. Nothing is read from the server.',
      },
    ),
    apply: Type.Optional(
      Type.Boolean({
        description: 'Do it. Without, the answer is the plan and nothing is stored (default false).',
      }),
    ),
    prune: Type.Optional(
      Type.Boolean({
        description: 'Also delete what the cluster has and the files have not; without, that is refused.',
      }),
    ),
  },
  {
    ...closed,
    $id: 'ImportInput',
    description: 'A configuration of another tool, and what it is to become.',
  },
);
export type ImportInput = Static<typeof ImportInput>;

const Finding = Type.Object(
  {
    severity: Type.Enum(SEVERITIES, {
      type: 'string',
      description:
        'error: cannot be read or would be refused. unsupported: understood, not taken over. info: worth knowing.',
    }),
    file: Type.String(),
    line: Type.Integer({ minimum: 1 }),
    directive: Type.String({ description: "The directive's own words, shortened." }),
    detail: Type.String(),
  },
  closed,
);

export const Import = Type.Object(
  {
    project: Name,
    cluster: Name,
    format: Format,
    state: Type.Enum(['planned', 'unchanged', 'applied', 'pending'], {
      type: 'string',
      description:
        'planned: nothing was stored. unchanged: there is nothing to do. applied: stored, and in the kernel. pending: stored, ' +
        'and not yet in the kernel.',
    }),
    definition: { ...DefinitionInput, description: 'What the cluster is to be.' },
    findings: Type.Array(Finding, {
      description: 'What could not be taken over as it stands; in the order of the files.',
    }),
    directives: Type.Object(
      {
        read: Type.Integer({ minimum: 0 }),
        takenOver: Type.Integer({ minimum: 0 }),
        named: Type.Integer({ minimum: 0, description: 'In a finding.' }),
      },
      { ...closed, description: 'None is dropped in silence: `read` is the sum of the other two.' },
    ),
    changes: { ...Preview.properties.changes, description: 'Resources that change; empty: none does.' },
    operations: Preview.properties.operations,
  },
  { ...closed, $id: 'Import', description: 'What a configuration becomes here.' },
);
export type Import = Static<typeof Import>;
