import Type, { type Static } from 'typebox';
import { KernelOperation } from './audit-event.js';
import { closed, Nullable } from './common.js';

const Snapshot = Nullable(Type.Record(Type.String(), Type.Unknown()));

/** The answer to a write with `validateOnly`. */
export const Preview = Type.Object(
  {
    validateOnly: Type.Literal(true),
    changes: Type.Array(
      Type.Object(
        {
          type: Type.Enum(['create', 'update', 'delete'], { type: 'string' }),
          resource: Type.String(),
          before: Snapshot,
          after: Snapshot,
        },
        closed,
      ),
      { description: 'Resources that would change; empty: nothing would.' },
    ),
    operations: Type.Array(KernelOperation, {
      description: 'What the kernel would be told: at once, and when drains have ended.',
    }),
  },
  {
    ...closed,
    $id: 'Preview',
    description: 'What a write would change. Nothing was stored or sent to the kernel.',
  },
);
export type Preview = Static<typeof Preview>;
