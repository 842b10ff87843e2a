/** All checks: what stands between a definition and its packets. */
import type { Facts } from './facts.js';
import { bySeverity, type Finding, finding } from './finding.js';
import { forwardingFindings } from './forwarding.js';
import { kernelFindings } from './kernel.js';
import { realServerFindings } from './real-servers.js';
import { vipFindings } from './vip.js';

export function preflightFindings(facts: Facts): Finding[] {
  return bySeverity([
    ...kernelFindings(facts),
    ...forwardingFindings(facts),
    ...vipFindings(facts),
    ...realServerFindings(facts),
    ...(facts.host ? [] : [hostNotReadable()]),
    ...(facts.unchecked > 0 ? [tooMany(facts.unchecked)] : []),
  ]);
}

function hostNotReadable(): Finding {
  return finding('HOST_NOT_READABLE', {
    seen: 'The host does not tell its routes, addresses and settings.',
    remedy: null,
    advice: 'Run lvsd in the network namespace of the director, on Linux.',
  });
}

function tooMany(unchecked: number): Finding {
  return finding('TOO_MANY_REAL_SERVERS', {
    seen: `${unchecked} real servers were not looked at.`,
    remedy: null,
    advice: 'Ask for the preflight of one cluster at a time.',
  });
}
