import Type, { type Static } from 'typebox';
import { Address, closed, Name } from './common.js';
import { RealServerSpec } from './real-server.js';
import { RealServer } from './resource.js';

export const RealServerAddress = Type.Object(
  {
    project: Name,
    address: Address,
    realServers: Type.Array(RealServer, {
      description: 'The real servers with this address, ordered by cluster, virtual service and name.',
    }),
  },
  {
    ...closed,
    $id: 'RealServerAddress',
    description: 'A host behind virtual services of a project, known by its address.',
  },
);
export type RealServerAddress = Static<typeof RealServerAddress>;

export const RealServerAddressPatch = Type.Object(
  {
    spec: Type.Object({ adminState: RealServerSpec.properties.adminState }, closed),
    etag: Type.Optional(
      Type.String({ description: 'When given, the write needs this entity tag (as If-Match).' }),
    ),
  },
  {
    ...closed,
    $id: 'RealServerAddressPatch',
    description: 'What is to change in every real server that has the address.',
  },
);
