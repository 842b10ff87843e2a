import type { Control } from '../../control/control.js';
import {
  type RealServerService,
  UpdateRealServerRequestSchema,
} from '../gen/lvsd/v1/real_server_service_pb.js';
import type { Methods } from '../methods.js';
import { realServerAddressMethods } from './real-server-addresses.js';
import { realServerSetupMethods } from './real-server-setups.js';
import { resourceMethods } from './resources.js';

export function realServerMethods({
  realServers,
  realServerAddresses,
  realServerSetups,
}: Control): Methods<typeof RealServerService> {
  const methods = resourceMethods('realServer', realServers, UpdateRealServerRequestSchema);
  return {
    listRealServers: methods.list,
    getRealServer: methods.get,
    createRealServer: methods.create,
    replaceRealServer: methods.replace,
    updateRealServer: methods.update,
    deleteRealServer: methods.delete,
    ...realServerAddressMethods(realServerAddresses),
    ...realServerSetupMethods(realServerSetups),
  };
}
