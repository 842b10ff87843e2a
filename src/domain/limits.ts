/**
 * What a project allows its definitions to say. Every violation names the value that is not allowed, so that two of one resource
 * are the same exactly when their details are.
 */
import type { Violation } from './errors.js';
import { isInPrefix, parsePrefix } from './prefix.js';
import type { ClusterSpec } from './schema/cluster.js';
import type { Forwarding } from './schema/forwarding.js';
import type { Limits, ProjectSpec, Range } from './schema/project.js';
import type { RealServerSpec } from './schema/real-server.js';
import type { VirtualServiceSpec } from './schema/virtual-service.js';

/** Pointers are relative to the spec. */
export function projectViolations({ limits }: ProjectSpec): Violation[] {
  return [
    ...(['vipPrefixes', 'ripPrefixes', 'snatPrefixes'] as const).flatMap((field) =>
      prefixViolations(limits[field] ?? [], `/limits/${field}`),
    ),
    ...(['ports', 'fwmarks'] as const).flatMap((field) =>
      rangeViolations(limits[field] ?? [], `/limits/${field}`),
    ),
  ];
}

function prefixViolations(texts: readonly string[], pointer: string): Violation[] {
  return texts.flatMap((text, index) => {
    if (parsePrefix(text)) return [];
    const detail = `"${text}" is no prefix: write 192.0.2.0/24 or 2001:db8::/32, without bits beyond the length.`;
    return [violation('FIELD_INVALID', `${pointer}/${index}`, detail)];
  });
}

function rangeViolations(given: readonly Range[], pointer: string): Violation[] {
  return given.flatMap(({ from, to }, index) => {
    if (from <= to) return [];
    const detail = `The range ends at ${to}, before it begins at ${from}: exchange from and to.`;
    return [violation('FIELD_INVALID', `${pointer}/${index}/to`, detail)];
  });
}

export function clusterLimitViolations({ interfaces }: Limits, { vip }: ClusterSpec): Violation[] {
  if (vip.interface === null || interfaces === null || interfaces.includes(vip.interface)) return [];
  return [
    violation(
      'INTERFACE_NOT_ALLOWED',
      '/vip/interface',
      `The project may not have VIPs bound to ${vip.interface}: use ${oneOf(interfaces, 'null')}.`,
    ),
  ];
}

/** `forwarding` is the one in effect. */
export function serviceLimitViolations(
  limits: Limits,
  { address, port, fwmark }: VirtualServiceSpec,
  forwarding: Forwarding,
): Violation[] {
  const { vipPrefixes, ports } = limits;
  const found: Violation[] = [];
  if (address !== undefined && !isWithinPrefixes(address, vipPrefixes)) {
    const detail = `The project may not have the VIP ${address}: use an address of ${oneOf(vipPrefixes)}.`;
    found.push(violation('VIP_NOT_ALLOWED', '/address', detail));
  }
  if (port !== undefined && !isAllowedPort(port, ports)) {
    const shown = port === 0 ? '0 (all ports)' : String(port);
    const detail = `The project may not serve port ${shown}: use ${oneOf(texts(ports))}.`;
    found.push(violation('PORT_NOT_ALLOWED', '/port', detail));
  }
  if (fwmark !== undefined && !isAllowedMark(fwmark, limits)) {
    const allowed = oneOf(texts(limits.fwmarks), 'protocol, address and port');
    const detail = `The project may not use the firewall mark ${fwmark}: use ${allowed}.`;
    found.push(violation('FWMARK_NOT_ALLOWED', '/fwmark', detail));
  }
  return [...found, ...forwardingLimitViolations(limits, forwarding)];
}

/** Forwarding that it has from its virtual service is that one's to answer for. */
export function realServerLimitViolations(
  limits: Limits,
  { address, forwarding }: RealServerSpec,
): Violation[] {
  const { ripPrefixes } = limits;
  const found = forwarding ? forwardingLimitViolations(limits, forwarding) : [];
  if (isWithinPrefixes(address, ripPrefixes)) return found;
  const detail = `The project may not have a real server at ${address}: use an address of ${oneOf(ripPrefixes)}.`;
  return [violation('RIP_NOT_ALLOWED', '/address', detail), ...found];
}

function forwardingLimitViolations(limits: Limits, { method, snat }: Forwarding): Violation[] {
  const { forwardingMethods, snatPrefixes, vipPrefixes } = limits;
  const found: Violation[] = [];
  if (forwardingMethods !== null && !forwardingMethods.includes(method)) {
    const detail = `The project may not use the forwarding method ${method}: use ${oneOf(forwardingMethods)}.`;
    found.push(violation('FORWARDING_NOT_ALLOWED', '/forwarding/method', detail));
  }
  const allowed = snatPrefixes ?? vipPrefixes;
  for (const [index, address] of (snat?.addresses ?? []).entries()) {
    if (isWithinPrefixes(address, allowed)) continue;
    const remedy = oneOf(allowed, 'leave snat out');
    const detail = `The project may not use the source address ${address}: use an address of ${remedy}.`;
    found.push(violation('SNAT_NOT_ALLOWED', `/forwarding/snat/addresses/${index}`, detail));
  }
  return found;
}

function isWithinPrefixes(address: string, prefixes: readonly string[] | null): boolean {
  if (prefixes === null) return true;
  return prefixes.some((text) => {
    const prefix = parsePrefix(text);
    return prefix !== undefined && isInPrefix(address, prefix);
  });
}

function isAllowedPort(port: number, ports: readonly Range[] | null): boolean {
  return ports === null || (port === 0 ? coversAllPorts(ports) : isInRanges(port, ports));
}

/** A mark may stand for any address and port: where these are limited, it must be allowed by itself. */
function isAllowedMark(mark: number, { fwmarks, vipPrefixes, ports }: Limits): boolean {
  return fwmarks === null ? vipPrefixes === null && ports === null : isInRanges(mark, fwmarks);
}

function isInRanges(value: number, ranges: readonly Range[]): boolean {
  return ranges.some(({ from, to }) => from <= value && value <= to);
}

function coversAllPorts(ports: readonly Range[]): boolean {
  let next = 1;
  for (const { from, to } of [...ports].sort((a, b) => a.from - b.from)) {
    if (from > next) return false;
    next = Math.max(next, to + 1);
  }
  return next > 0xffff;
}

function texts(ranges: readonly Range[] | null): string[] {
  return (ranges ?? []).map(({ from, to }) => (from === to ? String(from) : `${from}–${to}`));
}

const SHOWN = 8;

/** What may be used, and who can allow more. */
function oneOf(allowed: readonly string[] | null, otherwise?: string): string {
  const all = [...(allowed ?? []), ...(otherwise === undefined ? [] : [otherwise])];
  const shown = all.length > SHOWN ? [...all.slice(0, SHOWN), `${all.length - SHOWN} more`] : all;
  const list = shown.length === 0 ? 'what it is given' : shown.join(', ');
  return `${list}, or ask an admin to change the limits of the project`;
}

function violation(reason: Violation['reason'], pointer: string, detail: string): Violation {
  return { reason, pointer, detail };
}
