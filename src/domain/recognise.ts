/**
 * Kernel entries as specs: the inverse of `desired.ts`. Nothing is approximated: an attribute that a definition has no word
 * for, or that the rules refuse, is an obstacle.
 */
import { DomainError, type Violation } from './errors.js';
import { isFwmark } from './keys.js';
import { prefixLengthOfMask } from './netmask.js';
import { pairingViolations, realServerViolations, virtualServiceViolations } from './rules.js';
import { schedulerFlag } from './scheduler-flags.js';
import type { Forwarding } from './schema/forwarding.js';
import { normaliseRealServer, type RealServerSpec, RealServerSpecInput } from './schema/real-server.js';
import { normaliseVirtualService, VirtualServiceSpec } from './schema/virtual-service.js';
import type { DestinationConfig, DestinationEntry, KernelPersistence, ServiceEntry } from './table.js';
import { createValidator } from './validate.js';

/** Why an entry cannot be said in a definition. */
export interface Obstacle {
  /** Stable code: that of a rule, or NOT_EXPRESSIBLE. */
  readonly reason: string;
  readonly detail: string;
}

export type Recognised<S> = { readonly spec: S } | { readonly obstacle: Obstacle };

/** A real server with the forwarding that it has in effect. */
export type RecognisedServer = RealServerSpec & { readonly forwarding: Forwarding };

const checkService = createValidator(VirtualServiceSpec);
const checkServer = createValidator(RealServerSpecInput);

/** The spec, without forwarding, from which `serviceConfigOf` derives these very attributes. */
export function recogniseService({ frontend, config }: ServiceEntry): Recognised<VirtualServiceSpec> {
  const { scheduler, schedulerFlags, onePacket, persistence } = config;
  if (scheduler === '') return wordless('It has no scheduler: give it one in the kernel, or leave it out.');
  const prefixLength = persistence && prefixLengthOf(persistence);
  if (prefixLength === undefined) {
    return wordless(`Its persistence has the netmask ${persistence?.netmask}, which is no prefix.`);
  }
  return recognise(
    {
      ...(isFwmark(frontend) ? { fwmark: frontend.fwmark, family: frontend.family } : frontend),
      scheduler,
      schedulerFlags: schedulerFlags.map((flag) => schedulerFlag(flag, scheduler) ?? flag),
      onePacket,
      persistence: persistence && {
        timeoutSeconds: persistence.timeoutSeconds,
        prefixLength,
        engine: persistence.engine,
      },
    },
    (candidate) => normaliseVirtualService(checkService(candidate)),
    virtualServiceViolations,
  );
}

/** Likewise, behind a service of this spec; a port that is the service's is left out. */
export function recogniseServer(
  { backend, config }: DestinationEntry,
  service: VirtualServiceSpec,
): Recognised<RecognisedServer> {
  const { weight, upperThreshold, lowerThreshold } = config;
  return recognise(
    {
      address: backend.address,
      ...(backend.port !== (service.port ?? 0) && { port: backend.port }),
      weight,
      upperThreshold,
      lowerThreshold,
      forwarding: forwardingOf(config),
    },
    (candidate) => normaliseRealServer(checkServer(candidate) as RecognisedServer) as RecognisedServer,
    (spec) => [...realServerViolations(spec), ...pairingViolations(service, spec, spec.forwarding)],
  );
}

/** `candidate` may hold values that the schema does not know: `check` throws violations that name them. */
function recognise<S>(
  candidate: object,
  check: (candidate: object) => S,
  violationsOf: (spec: S) => Violation[],
): Recognised<S> {
  let spec: S;
  try {
    spec = check(candidate);
  } catch (error) {
    if (error instanceof DomainError) return wordless(sentences(error.violations));
    throw error;
  }
  const [first, ...more] = violationsOf(spec);
  return first ? { obstacle: { reason: first.reason, detail: sentences([first, ...more]) } } : { spec };
}

function wordless(detail: string): { obstacle: Obstacle } {
  return { obstacle: { reason: 'NOT_EXPRESSIBLE', detail } };
}

function sentences(violations: readonly Violation[]): string {
  return violations.map(({ detail }) => detail).join(' ');
}

function prefixLengthOf({ netmask }: KernelPersistence): number | undefined {
  return netmask.includes('.') ? prefixLengthOfMask(netmask) : Number(netmask);
}

function forwardingOf({ method, tunnel }: DestinationConfig): object {
  if (tunnel === null) return { method };
  const { type, port, checksum } = tunnel;
  return { method, tunnel: { type, ...(port !== 0 && { port }), checksum } };
}
