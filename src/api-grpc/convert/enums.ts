/**
 * The rule for enumerations: `TUNNEL_TYPE_GUE` in proto is `gue` in JSON, `SCHEDULER_FLAG_SH_PORT` is `sh-port`, and
 * `…_UNSPECIFIED` (0) is an absent field.
 */
import type { DescEnum } from '@bufbuild/protobuf';

/** What JSON calls the member with this number; undefined when there is none, or it is the unspecified one. */
export function memberName(desc: DescEnum, number: number): string | undefined {
  const member = desc.value[number];
  return member === undefined || number === 0 ? undefined : jsonName(member.localName);
}

/** The number of the member that JSON calls so. */
export function memberNumber(desc: DescEnum, name: string): number | undefined {
  return desc.values.find((member) => member.number !== 0 && jsonName(member.localName) === name)?.number;
}

/** protobuf-es has taken the enumeration's prefix off the local name. */
function jsonName(localName: string): string {
  return localName.toLowerCase().replaceAll('_', '-');
}
