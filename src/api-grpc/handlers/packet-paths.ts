import type { PacketPaths } from '../../control/control.js';
import type { VirtualServiceService } from '../gen/lvsd/v1/virtual_service_service_pb.js';
import type { Methods } from '../methods.js';
import { requireNames } from './answers.js';

export function packetPathMethods(
  packetPaths: PacketPaths,
): Pick<Methods<typeof VirtualServiceService>, 'getPacketPath'> {
  return {
    async getPacketPath(request, { call }) {
      const { project, cluster, name, client, clientPort, vip, realServer } = request;
      requireNames(request, ['project', 'cluster', 'name', ...(realServer ? ['realServer'] : [])]);
      const names = { project, cluster, virtualService: name };
      const options = {
        ...(client && { client }),
        ...(clientPort > 0 && { clientPort }),
        ...(vip && { vip }),
        ...(realServer && { realServer }),
      };
      return { packetPath: await packetPaths.get(call, names, options) };
    },
  };
}
