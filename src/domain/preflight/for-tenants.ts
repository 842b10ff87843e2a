import type { Preflight } from '../schema/preflight.js';

/**
 * The same findings for those who may see one project and not the director: which there are and what they mean for packets, but
 * nothing of the host's interfaces, routes and settings.
 */
export function forTenants(findings: Preflight['findings']): Preflight['findings'] {
  return findings.map((one) => ({
    ...one,
    subject: { ...one.subject, interface: null },
    seen: 'What there is on the director is for those with a role on the whole server.',
    remedy: null,
    advice: 'Ask who runs the director: its preflight says what to do.',
  }));
}
