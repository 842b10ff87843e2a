import Type, { type Static } from 'typebox';
import { NAME_PATTERN } from '../names.js';
import { ClusterSpec, ClusterSpecInput } from './cluster.js';
import { closed, Labels } from './common.js';
import { RealServerSpec, RealServerSpecInput } from './real-server.js';
import { VirtualServiceSpec, VirtualServiceSpecInput } from './virtual-service.js';

const NameKey = Type.String({ pattern: NAME_PATTERN });

/** A cluster as one document. Children are keyed by their names. */
export const Definition = Type.Object(
  {
    labels: Labels,
    spec: ClusterSpec,
    virtualServices: Type.Record(
      NameKey,
      Type.Object(
        {
          labels: Labels,
          spec: VirtualServiceSpec,
          realServers: Type.Record(
            NameKey,
            Type.Object({ labels: Labels, spec: RealServerSpec }, closed),
            closed,
          ),
        },
        closed,
      ),
      closed,
    ),
  },
  { ...closed, $id: 'Definition', description: 'A cluster, its virtual services and their real servers.' },
);
export type Definition = Static<typeof Definition>;

export const DefinitionInput = Type.Object(
  {
    labels: Type.Optional(Labels),
    spec: Type.Optional(ClusterSpecInput),
    virtualServices: Type.Optional(
      Type.Record(
        NameKey,
        Type.Object(
          {
            labels: Type.Optional(Labels),
            spec: VirtualServiceSpecInput,
            realServers: Type.Optional(
              Type.Record(
                NameKey,
                Type.Object({ labels: Type.Optional(Labels), spec: RealServerSpecInput }, closed),
                closed,
              ),
            ),
          },
          closed,
        ),
        closed,
      ),
    ),
  },
  {
    ...closed,
    $id: 'DefinitionInput',
    description: 'A whole cluster, declaratively: what it leaves out is deleted.',
  },
);
