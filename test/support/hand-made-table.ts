/** A table as somebody made it with `ipvsadm -R`: every attribute at random, within what a definition can say. */
import fc from 'fast-check';
import { effectiveForwarding, frontendOf } from '../../src/domain/desired.js';
import { frontendKey } from '../../src/domain/keys.js';
import type { Definition } from '../../src/domain/schema/definition.js';
import { writeIpvsadmSave } from '../../src/formats/ipvsadm/write.js';
import { anyDefinition } from './definition-arbitrary.js';

type Service = Definition['virtualServices'][string];

/** ipvsadm takes thresholds below 2^31. */
const MOST_CONNECTIONS = 1_000_000;

/** Lines for `ipvsadm -R`: so many services with their destinations. */
export function handMadeLines(count: number, seed: number): string[] {
  const services = new Map<string, Service>();
  for (let round = 0; services.size < count; round++) {
    for (const definition of fc.sample(anyDefinition, { numRuns: 100, seed: seed + round })) {
      for (const service of Object.values(definition.virtualServices)) {
        if (services.size < count && isTaken(service))
          services.set(keyOf(service), settled(service, definition));
      }
    }
  }
  const { spec } = fc.sample(anyDefinition, { numRuns: 1, seed })[0] as Definition;
  const virtualServices = Object.fromEntries([...services.values()].map((one, index) => [`s${index}`, one]));
  return writeIpvsadmSave({ labels: {}, spec, virtualServices }).text.trimEnd().split('\n');
}

function keyOf({ spec }: Service): string {
  return frontendKey(frontendOf(spec));
}

/** The guest's kernel has no scheduler twos, and ipvsadm has one-packet scheduling for UDP alone. */
function isTaken({ spec }: Service): boolean {
  return spec.scheduler !== 'twos' && !(spec.onePacket && spec.fwmark !== undefined);
}

/** With its forwarding at every real server, so that it means the same in any cluster. */
function settled({ labels, spec, realServers }: Service, definition: Definition): Service {
  const servers = Object.entries(realServers).map(([name, server]) => {
    const forwarding = effectiveForwarding(definition.spec, spec, server.spec);
    const upperThreshold = server.spec.upperThreshold % MOST_CONNECTIONS;
    const lowerThreshold = Math.min(server.spec.lowerThreshold, upperThreshold);
    const limited = { ...server.spec, forwarding, upperThreshold, lowerThreshold };
    return [name, { labels: server.labels, spec: limited }];
  });
  return { labels, spec, realServers: Object.fromEntries(servers) };
}
