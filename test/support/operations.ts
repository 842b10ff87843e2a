/** Short ways to write operations on a kernel table; what is left out has the kernel tools' defaults. */
import { type Backend, destinationKey, type Frontend, frontendKey } from '../../src/domain/keys.js';
import type { DestinationConfig, Operation, ServiceConfig } from '../../src/domain/table.js';

export const plainService: ServiceConfig = {
  scheduler: 'wlc',
  schedulerFlags: [],
  onePacket: false,
  persistence: null,
};

export const plainDestination: DestinationConfig = {
  method: 'dr',
  weight: 1,
  upperThreshold: 0,
  lowerThreshold: 0,
  tunnel: null,
};

export const newService = serviceWrite('NEW_SERVICE');
export const setService = serviceWrite('SET_SERVICE');
export const newDestination = destinationWrite('NEW_DEST');
export const setDestination = destinationWrite('SET_DEST');

export function deleteService(frontend: Frontend): Operation {
  return { command: 'DEL_SERVICE', key: frontendKey(frontend), frontend };
}

export function deleteDestination(frontend: Frontend, backend: Backend): Operation {
  return { command: 'DEL_DEST', key: destinationKey(frontendKey(frontend), backend), frontend, backend };
}

function serviceWrite(command: 'NEW_SERVICE' | 'SET_SERVICE') {
  return (frontend: Frontend, config: Partial<ServiceConfig> = {}): Operation => ({
    command,
    key: frontendKey(frontend),
    frontend,
    config: { ...plainService, ...config },
  });
}

function destinationWrite(command: 'NEW_DEST' | 'SET_DEST') {
  return (frontend: Frontend, backend: Backend, config: Partial<DestinationConfig> = {}): Operation => ({
    command,
    key: destinationKey(frontendKey(frontend), backend),
    frontend,
    backend,
    config: { ...plainDestination, ...config },
  });
}
