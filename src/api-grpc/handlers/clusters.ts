import type { Control } from '../../control/control.js';
import { type ClusterService, UpdateClusterRequestSchema } from '../gen/lvsd/v1/cluster_service_pb.js';
import type { Methods } from '../methods.js';
import { parentNames } from './answers.js';
import { resourceMethods } from './resources.js';

export function clusterMethods({ clusters, preflights }: Control): Methods<typeof ClusterService> {
  const methods = resourceMethods('cluster', clusters, UpdateClusterRequestSchema);
  return {
    listClusters: methods.list,
    getCluster: methods.get,
    createCluster: methods.create,
    replaceCluster: methods.replace,
    updateCluster: methods.update,
    deleteCluster: methods.delete,
    async getClusterPreflight(request, { call }) {
      return { preflight: await preflights.ofCluster(call, parentNames(request)) };
    },
  };
}
