import type { Control } from '../../control/control.js';
import {
  UpdateVirtualServiceRequestSchema,
  type VirtualServiceService,
} from '../gen/lvsd/v1/virtual_service_service_pb.js';
import type { Methods } from '../methods.js';
import { packetPathMethods } from './packet-paths.js';
import { resourceMethods } from './resources.js';

export function virtualServiceMethods({
  virtualServices,
  packetPaths,
}: Control): Methods<typeof VirtualServiceService> {
  const methods = resourceMethods('virtualService', virtualServices, UpdateVirtualServiceRequestSchema);
  return {
    listVirtualServices: methods.list,
    getVirtualService: methods.get,
    createVirtualService: methods.create,
    replaceVirtualService: methods.replace,
    updateVirtualService: methods.update,
    deleteVirtualService: methods.delete,
    ...packetPathMethods(packetPaths),
  };
}
