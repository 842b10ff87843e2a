import type { RealServerSetups, SetupOptions } from '../../control/control.js';
import { SETUP_FORMATS, type SetupFormat } from '../../domain/schema/real-server-setup.js';
import type { Json } from '../convert/from-message.js';
import type { RealServerService } from '../gen/lvsd/v1/real_server_service_pb.js';
import type { Methods } from '../methods.js';
import { parentNames, requireNames } from './answers.js';

type SetupMethods = Pick<
  Methods<typeof RealServerService>,
  'getRealServerSetup' | 'getRealServerAddressSetup'
>;

export function realServerSetupMethods(setups: RealServerSetups): SetupMethods {
  return {
    async getRealServerSetup(request, { call, json }) {
      requireNames(request, ['project', 'cluster', 'virtualService', 'name']);
      const names = { ...parentNames(request), realServer: request.name };
      return { setup: await setups.get(call, names, setupOptions(request, json)) };
    },
    async getRealServerAddressSetup(request, { call, json }) {
      requireNames(request, ['project']);
      return { setup: await setups.getForAddress(call, request, setupOptions(request, json)) };
    },
  };
}

interface SetupFields {
  readonly undo: boolean;
  readonly vip: readonly string[];
  readonly dip: string;
}

function setupOptions({ undo, vip, dip }: SetupFields, { format }: Json): SetupOptions {
  return { undo, vip, ...(isFormat(format) && { format }), ...(dip && { dip }) };
}

/** False when it is absent; the request's check lets no others through. */
function isFormat(value: unknown): value is SetupFormat {
  return SETUP_FORMATS.some((format) => format === value);
}
