import type { RealServerAddresses } from '../../control/control.js';
import type { RealServerService } from '../gen/lvsd/v1/real_server_service_pb.js';
import type { Methods } from '../methods.js';
import { requireNames, writeOptions } from './answers.js';

type AddressMethods = Pick<
  Methods<typeof RealServerService>,
  'getRealServerAddress' | 'updateRealServerAddress'
>;

export function realServerAddressMethods(addresses: RealServerAddresses): AddressMethods {
  return {
    async getRealServerAddress(request, { call }) {
      requireNames(request, ['project']);
      return addresses.get(call, request, { connections: request.connections });
    },
    async updateRealServerAddress(request, { call, json }) {
      requireNames(request, ['project']);
      const patch = { spec: json.spec ?? {} };
      const answer = await addresses.update(call, request, patch, writeOptions(request));
      return 'preview' in answer ? answer : { ...answer.resource, pending: answer.pending };
    },
  };
}
