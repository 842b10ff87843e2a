/** An imported definition as the operations that bring it into an empty kernel table. */
import {
  backendOf,
  destinationConfigOf,
  effectiveForwarding,
  frontendOf,
  serviceConfigOf,
} from '../../src/domain/desired.js';
import { isHostOperation } from '../../src/domain/entry.js';
import { destinationKey, frontendKey } from '../../src/domain/keys.js';
import { type DesiredEntry, differences, operationsFor } from '../../src/domain/plan.js';
import type { Definition } from '../../src/domain/schema/definition.js';
import type { Operation } from '../../src/domain/table.js';

export function operationsOf({ spec: cluster, virtualServices }: Definition): Operation[] {
  const entries: DesiredEntry[] = Object.values(virtualServices).flatMap(({ spec, realServers }) => {
    const key = frontendKey(frontendOf(spec));
    const servers = Object.values(realServers)
      .filter(({ spec: { adminState } }) => adminState !== 'disabled')
      .map(({ spec: server }) => ({
        key: destinationKey(key, backendOf(server, spec)),
        state: 'living' as const,
        config: destinationConfigOf(server, effectiveForwarding(cluster, spec, server)),
      }));
    return [{ key, state: 'living' as const, config: serviceConfigOf(spec) }, ...servers];
  });
  return operationsFor(differences(entries, new Map())).filter(
    (one): one is Operation => !isHostOperation(one),
  );
}
