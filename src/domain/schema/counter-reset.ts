import Type, { type Static } from 'typebox';
import { closed, Name, Nullable, Timestamp } from './common.js';

export const CounterResetInput = Type.Object(
  {
    key: Type.Optional(
      Nullable(
        Type.String({
          maxLength: 255,
          description: 'Key of a service in the table, managed or foreign.',
          examples: ['tcp/192.168.10.88:80'],
        }),
      ),
    ),
    resource: Type.Optional(
      Nullable(
        Type.String({
          maxLength: 512,
          description: 'Path of a virtual service, instead of the key.',
          examples: ['projects/default/clusters/shop/virtual-services/http'],
        }),
      ),
    ),
  },
  {
    ...closed,
    $id: 'CounterResetInput',
    description: 'Whose counters; with neither field, those of every service.',
  },
);
export type CounterResetInput = Static<typeof CounterResetInput>;

export const CounterReset = Type.Object(
  {
    director: Name,
    time: Timestamp,
    key: Nullable(Type.String({ description: 'The service; null: all of them.' })),
  },
  { ...closed, $id: 'CounterReset', description: 'Counters that were zeroed.' },
);
export type CounterReset = Static<typeof CounterReset>;
