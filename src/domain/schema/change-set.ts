import Type, { type Static, type TSchema } from 'typebox';
import { NAME_PATTERN } from '../names.js';
import { ClusterSpecInput } from './cluster.js';
import { closed, Labels, Nullable, Revision } from './common.js';
import { DefinitionInput } from './definition.js';
import { RealServerSpecInput } from './real-server.js';
import { VirtualServiceSpecInput } from './virtual-service.js';

/** A change is some hundred bytes: this is about what the body may hold. */
const CHANGES_MAX = 200_000;

const NAME = NAME_PATTERN.slice(1, -1);
const CLUSTER = `projects/${NAME}/clusters/${NAME}`;

const ResourcePath = Type.String({
  pattern: `^${CLUSTER}(/virtual-services/${NAME}(/real-servers/${NAME})?)?$`,
  maxLength: 300,
  description: 'Path of a cluster, a virtual service or a real server, without /v1/.',
  examples: ['projects/default/clusters/shop/virtual-services/http'],
});

const ClusterPath = Type.String({
  pattern: `^${CLUSTER}$`,
  maxLength: 150,
  description: 'Path of a cluster, without /v1/.',
  examples: ['projects/default/clusters/shop'],
});

const Preconditions = {
  ifMatch: Type.Optional(
    Type.String({
      maxLength: 1000,
      description:
        'Needs the resource to have this entity tag (or one of a comma-separated list, or "*": any) before the change-set. Of a ' +
        'definition and of a cluster to restore, the tag of the whole tree.',
    }),
  ),
  onlyCreate: Type.Optional(
    Type.Boolean({
      description: 'Needs that there is no such resource before the change-set (default false).',
    }),
  ),
};

/** What the parts of a body that depend on the kind of a resource are checked against. */
interface Parts {
  readonly spec: TSchema;
  readonly definition: TSchema;
}

function changeSetInput({ spec, definition }: Parts) {
  const change = Type.Object(
    {
      put: Type.Optional(
        Type.Object(
          { resource: ResourcePath, labels: Type.Optional(Labels), spec: Type.Optional(spec) },
          { ...closed, description: 'Creates the resource, or replaces its labels and spec.' },
        ),
      ),
      putDefinition: Type.Optional(
        Type.Object(
          { resource: ClusterPath, definition },
          {
            ...closed,
            description: 'Makes the cluster what the document says; what it leaves out is deleted.',
          },
        ),
      ),
      restore: Type.Optional(
        Type.Object(
          {
            resource: ResourcePath,
            revision: Type.Integer({
              minimum: 1,
              maximum: Number.MAX_SAFE_INTEGER,
              description: 'As it was after this revision; see the list of its revisions.',
            }),
          },
          {
            ...closed,
            description:
              'Makes the resource and everything below it what they were after a revision, also when it has been deleted; ' +
              'what has come since is deleted.',
          },
        ),
      ),
      delete: Type.Optional(
        Type.Object(
          {
            resource: ResourcePath,
            cascade: Type.Optional(
              Type.Boolean({
                description:
                  'Delete what is below it too, besides what other changes delete (default false).',
              }),
            ),
          },
          { ...closed, description: 'Deletes the resource.' },
        ),
      ),
      ...Preconditions,
    },
    { ...closed, description: 'Exactly one of put, putDefinition, restore and delete.' },
  );
  return Type.Object(
    {
      changes: Type.Array(change, {
        minItems: 1,
        maxItems: CHANGES_MAX,
        description:
          'In any order: what a change needs of another is done first. No two may be about one resource.',
      }),
      maxDeletions: Type.Optional(
        Type.Integer({
          minimum: 0,
          description: 'Refuse the whole change-set when it would delete more resources than this.',
        }),
      ),
    },
    { ...closed, $id: 'ChangeSetInput', description: 'Changes of many resources, all or nothing.' },
  );
}

export const ChangeSetInput = changeSetInput({
  spec: Type.Union([ClusterSpecInput, VirtualServiceSpecInput, RealServerSpecInput], {
    description: 'Of the kind that the path names.',
  }),
  definition: DefinitionInput,
});

/** The body around the specs and definitions, which are checked each for its kind: a union would not say what is wrong. */
export const ChangeSetFrame = changeSetInput({ spec: Type.Unknown(), definition: Type.Unknown() });
export type ChangeSetFrame = Static<typeof ChangeSetFrame>;

export const ChangeSet = Type.Object(
  {
    state: Type.Enum(['unchanged', 'applied', 'pending'], {
      type: 'string',
      description: 'pending: stored, and not yet in the kernel. unchanged: there was nothing to do.',
    }),
    revision: { ...Revision, description: 'Of the store, after the change-set.' },
    results: Type.Array(
      Type.Object(
        {
          resource: Type.String({ description: 'Path without /v1/.' }),
          result: Type.Enum(['created', 'updated', 'deleted', 'unchanged'], { type: 'string' }),
          etag: Nullable(
            Type.String({
              description: 'Of the resource, or of the whole tree of a definition; null: it is gone.',
            }),
          ),
          resourcesChanged: Type.Integer({
            minimum: 0,
            description: 'How many resources the change created, changed or deleted, that one included.',
          }),
        },
        closed,
      ),
      { description: 'One for each change, in their order.' },
    ),
  },
  { ...closed, $id: 'ChangeSet', description: 'What became of the changes.' },
);
export type ChangeSet = Static<typeof ChangeSet>;
