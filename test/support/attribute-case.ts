/**
 * Every attribute that a definition can give a virtual service and its real servers, with the lines of `ipvsadm -Sn` that
 * it must lead to. The lines are written by hand, from ipvsadm(8).
 */
import type { Json } from './doors.js';

interface Expected {
  /** `ipvsadm -Sn`: the whole table but for foreign entries. */
  readonly saved: readonly string[];
  /** Destinations with thresholds: address, upper, lower. Absent: not looked at. */
  readonly thresholds?: readonly string[];
}

export interface Edit extends Expected {
  readonly how: 'replace' | 'update';
  /** Path under the cluster: '' is the cluster itself. */
  readonly path: string;
  readonly spec: Json;
}

export interface AttributeCase extends Expected {
  readonly name: string;
  /** The cluster's. */
  readonly forwarding?: Json;
  readonly service: Json;
  readonly servers?: Readonly<Record<string, Json>>;
  readonly edits?: readonly Edit[];
}

export const SERVICE = 'virtual-services/s';
export const SERVER = `${SERVICE}/real-servers/a`;

export const web = { protocol: 'tcp', address: '10.1.0.1', port: 80 };
export const dns = { protocol: 'udp', address: '10.1.0.1', port: 53 };
export const a = { address: '10.2.0.1' };
export const nat = { method: 'nat' };

export function put(path: string, spec: Json, ...saved: string[]): Edit {
  return { how: 'replace', path, spec, saved };
}

export function patch(path: string, spec: Json, ...saved: string[]): Edit {
  return { how: 'update', path, spec, saved };
}

export const WEB_WLC = '-A -t 10.1.0.1:80 -s wlc';
export const WEB_A = '-a -t 10.1.0.1:80 -r 10.2.0.1:80 -g -w 1';
