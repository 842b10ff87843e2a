import Type, { type Static } from 'typebox';
import { ClusterSpec } from './cluster.js';
import { closed, Labels, Name, Nullable } from './common.js';
import { Definition } from './definition.js';
import { Preview } from './preview.js';

const Key = Type.String({ maxLength: 255, examples: ['tcp/192.168.10.88:80'] });

const AdoptionSelection = Type.Object(
  {
    all: Type.Optional(Type.Boolean({ description: 'true: every foreign entry.' })),
    prefixes: Type.Optional(
      Type.Array(Type.String({ maxLength: 64, examples: ['192.0.2.0/24', '2001:db8::/32'] }), {
        minItems: 1,
        maxItems: 1000,
        description:
          'The virtual services whose address is in one of these; those of firewall marks have none.',
      }),
    ),
    keys: Type.Optional(
      Type.Array(Key, {
        minItems: 1,
        maxItems: 1000,
        description:
          'By their keys in the table: a virtual service with its real servers, or one real server behind a virtual service ' +
          'that lvsd manages.',
      }),
    ),
  },
  { ...closed, $id: 'AdoptionSelection', description: 'Which entries: all, prefixes or keys.' },
);
export type AdoptionSelection = Static<typeof AdoptionSelection>;

export const AdoptionInput = Type.Object(
  {
    project: Type.Optional({ ...Name, description: 'Where the cluster is (default `default`).' }),
    cluster: { ...Name, description: 'The cluster that they become part of; created when it is not there.' },
    labels: Type.Optional({ ...Labels, description: 'Of the cluster, when it is created.' }),
    description: Type.Optional({
      ...ClusterSpec.properties.description,
      description: 'Of the cluster, when it is created.',
    }),
    select: AdoptionSelection,
  },
  { ...closed, $id: 'AdoptionInput', description: 'Which foreign entries lvsd is to manage, and where.' },
);
export type AdoptionInput = Static<typeof AdoptionInput>;

export const Adoption = Type.Object(
  {
    director: Name,
    project: Name,
    cluster: Name,
    adopted: Type.Array(
      Type.Object(
        {
          key: Key,
          resource: Type.String({
            description: 'Path of the resource that it is now.',
            examples: ['projects/default/clusters/shop/virtual-services/tcp-192-168-10-88-80'],
          }),
        },
        closed,
      ),
      { description: "In the kernel's order." },
    ),
    leftOut: Type.Array(
      Type.Object(
        {
          key: Key,
          reason: Type.String({
            description:
              'Stable code: that of the rule it breaks; NOT_EXPRESSIBLE: a definition has no word for it; ' +
              'SERVICE_LEFT_OUT, SERVICE_NOT_SELECTED, SERVICE_LEAVING, SERVICE_NOT_APPLIED: it would be behind such a ' +
              'virtual service; OTHER_CLUSTER: that one is in another cluster; ALREADY_MANAGED; KERNEL_ENTRY_NOT_FOUND.',
          }),
          detail: Type.String(),
        },
        closed,
      ),
      { description: 'What was selected and stays as it is, foreign.' },
    ),
  },
  {
    ...closed,
    $id: 'Adoption',
    description: 'Foreign entries that lvsd manages from now on. The kernel was told nothing.',
  },
);
export type Adoption = Static<typeof Adoption>;

export const AdoptionPreview = Type.Object(
  {
    ...Preview.properties,
    adoption: Adoption,
    /** The cluster with what would be added, and nothing else of it; null when nothing would. */
    definition: Nullable(Definition),
  },
  {
    ...closed,
    $id: 'AdoptionPreview',
    description:
      'What an adoption would do; the kernel would be told nothing. `definition` is the cluster with all that would be ' +
      'added, and nothing else of it.',
  },
);
export type AdoptionPreview = Static<typeof AdoptionPreview>;
