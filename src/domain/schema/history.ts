/** The past of resources, as the audit log tells it. */
import Type, { type Static } from 'typebox';
import { Actor } from './audit-event.js';
import { closed, Labels, Name, Nullable, Revision, Timestamp } from './common.js';

const count = (what: string) => Type.Integer({ minimum: 0, description: `How many resources were ${what}.` });

export const ResourceRevision = Type.Object(
  {
    revision: Type.Integer({
      minimum: 1,
      description:
        'The last revision that the write took here: with it the resource can be had as it was after it.',
    }),
    time: Timestamp,
    actor: Actor,
    action: Type.String({
      description: 'The operation, as in operationId; undo: lvsd took back what the kernel refused.',
    }),
    reason: Nullable(Type.String({ description: "The caller's X-Audit-Reason (gRPC: reason)." })),
    requestId: Type.String({ description: 'Finds the audit events of the call.' }),
    created: count('created'),
    updated: count('changed'),
    deleted: count('deleted'),
    summary: Type.String({ description: 'What changed, in short.' }),
    undoneBy: Nullable(
      Type.Integer({
        description: 'The revision that took this one back because the kernel refused it; null: it stood.',
      }),
    ),
  },
  {
    ...closed,
    $id: 'ResourceRevision',
    description: 'One write to a resource or to what is below it.',
  },
);
export type ResourceRevision = Static<typeof ResourceRevision>;

export const PastResource = Type.Object(
  {
    resource: Type.String({ description: 'Path without /v1/.' }),
    revision: Type.Integer({ minimum: 1, description: 'The revision after which it was so.' }),
    labels: Labels,
    spec: Type.Record(Type.String(), Type.Unknown(), { description: 'As the spec of its kind.' }),
  },
  { ...closed, $id: 'PastResource', description: 'The labels and spec of a resource as of a revision.' },
);
export type PastResource = Static<typeof PastResource>;

export const PatchOperation = Type.Object(
  {
    op: Type.Enum(['add', 'remove', 'replace'], { type: 'string' }),
    path: Type.String({ description: 'JSON pointer (RFC 6901) into the definition; "": all of it.' }),
    value: Type.Optional(Type.Unknown({ description: 'For add and replace.' })),
  },
  { ...closed, $id: 'PatchOperation', description: 'One operation of a JSON Patch (RFC 6902).' },
);
export type PatchOperation = Static<typeof PatchOperation>;

export const DefinitionDiff = Type.Object(
  {
    project: Name,
    cluster: Name,
    from: Type.Integer({ minimum: 0, description: 'The older revision; 0: before there was anything.' }),
    to: Revision,
    patch: Type.Array(PatchOperation, {
      description:
        'What makes the definition as of `to` out of that as of `from`. The definition is null where there was no cluster.',
    }),
  },
  { ...closed, $id: 'DefinitionDiff', description: 'The difference between two revisions of a cluster.' },
);
export type DefinitionDiff = Static<typeof DefinitionDiff>;
