/** Operations of a host driver, as tests write them. */
import type { HostOperation } from '../../src/domain/host-operation.js';
import { frontendKey, parseFrontend } from '../../src/domain/keys.js';
import type { HostDriver } from '../../src/driver/host.js';

export function newAddress(address: string, name: string): HostOperation {
  return { command: 'NEW_ADDRESS', key: `address/${address}`, address, config: addressConfig(address, name) };
}

export function setAddress(address: string, name: string): HostOperation {
  return { command: 'SET_ADDRESS', key: `address/${address}`, address, config: addressConfig(address, name) };
}

export function deleteAddress(address: string): HostOperation {
  return { command: 'DEL_ADDRESS', key: `address/${address}`, address };
}

export function newSnat(frontendText: string, addresses: readonly string[] | null = null): HostOperation {
  return { command: 'NEW_SNAT', ...target(frontendText), config: { addresses } };
}

export function setSnat(frontendText: string, addresses: readonly string[] | null = null): HostOperation {
  return { command: 'SET_SNAT', ...target(frontendText), config: { addresses } };
}

export function deleteSnat(frontendText: string): HostOperation {
  return { command: 'DEL_SNAT', ...target(frontendText) };
}

/** Names of the errors, null for what went well. */
export async function errorsOf(
  host: HostDriver,
  ...operations: readonly HostOperation[]
): Promise<(string | null)[]> {
  return (await host.apply(operations)).map((error) => error?.errnoName ?? null);
}

function addressConfig(address: string, name: string) {
  return { interface: name, prefixLength: address.includes(':') ? 128 : 32 };
}

function target(frontendText: string) {
  const frontend = parseFrontend(frontendText);
  return { key: `snat/${frontendKey(frontend)}`, frontend };
}
