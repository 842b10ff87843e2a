/** What a command line says, as specs of resources. Rejects what ipvsadm can say and lvsd has no word for. */
import { familyOf } from '../../domain/keys.js';
import { prefixLengthOfMask } from '../../domain/netmask.js';
import { schedulerFlag } from '../../domain/scheduler-flags.js';
import type { CommandLine } from '../../formats/ipvsadm/line.js';
import { Refusal, WORDS } from './answer.js';

const MAX_WEIGHT = 65535;

/** All of it, so that an edit leaves nothing of what was there before. */
export function serviceSpec(line: CommandLine) {
  return {
    scheduler: line.scheduler,
    schedulerFlags: flagsOf(line),
    persistence: persistenceOf(line),
    onePacket: line.onePacket,
  };
}

function flagsOf({ scheduler, schedulerFlags }: CommandLine): string[] {
  return schedulerFlags.map((flag) => {
    const known = schedulerFlag(flag, scheduler);
    if (known) return known;
    throw new Refusal(null, { hint: `${scheduler} has no ${flag}: leave it out, it does nothing there.` });
  });
}

function persistenceOf({ persistentSeconds, engine, netmask, frontend }: CommandLine) {
  if (engine && engine !== 'sip') throw new Refusal(WORDS.noScheduler);
  if (persistentSeconds === null) {
    if (!engine) return null;
    throw new Refusal(null, { hint: '--pe does nothing without -p: add -p, or leave it out.' });
  }
  const isIpv6 = frontend && familyOf(frontend) === 'ipv6';
  const prefixLength = isIpv6 ? Number(netmask) : prefixLengthOfMask(netmask);
  if (prefixLength === undefined) {
    const hint = `-M ${netmask} is not a mask of leading ones, such as 255.255.255.0: lvsd cannot keep it.`;
    throw new Refusal(null, { hint });
  }
  return { timeoutSeconds: persistentSeconds, prefixLength, engine: engine === 'sip' ? engine : null };
}

export function serverSpec(line: CommandLine) {
  const { weight, upperThreshold, lowerThreshold, backend } = line;
  if (weight > MAX_WEIGHT)
    throw new Refusal(null, { hint: `The weight is ${weight}: lvsd takes 0 to ${MAX_WEIGHT}.` });
  return { ...backend, weight, upperThreshold, lowerThreshold, forwarding: forwardingOf(line) };
}

function forwardingOf({ method, tunnel: { type, port, checksum } }: CommandLine) {
  return method === 'tun'
    ? { method, tunnel: { type, ...(port !== null && { port }), checksum } }
    : { method };
}

/** As a merge patch, in which null removes what an earlier method needed. */
export function serverPatch(line: CommandLine) {
  const { weight, upperThreshold, lowerThreshold, forwarding } = serverSpec(line);
  const { port } = line.tunnel;
  const tunnel = 'tunnel' in forwarding ? { ...forwarding.tunnel, port } : null;
  return {
    ...{ weight, upperThreshold, lowerThreshold, adminState: 'active' },
    forwarding: { method: forwarding.method, tunnel, snat: null },
  };
}
