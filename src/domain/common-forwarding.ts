/** The forwarding that most of several have: written once, where all of them take it over. */
import { type ForwardingInput, normaliseForwarding } from './schema/forwarding.js';

/** The first of those that occur most often; undefined of none. */
export function commonest<F extends ForwardingInput>(values: readonly F[]): F | undefined {
  const counts = new Map<string, { value: F; count: number }>();
  for (const value of values) {
    const key = keyOf(value);
    counts.set(key, { value, count: (counts.get(key)?.count ?? 0) + 1 });
  }
  return [...counts.values()].sort((a, b) => b.count - a.count)[0]?.value;
}

/** Whether both mean the same, whatever they leave to the defaults. */
export function sameForwarding(a: ForwardingInput, b: ForwardingInput): boolean {
  return keyOf(a) === keyOf(b);
}

function keyOf(forwarding: ForwardingInput): string {
  const { method, tunnel, snat } = normaliseForwarding(forwarding);
  return JSON.stringify([method, tunnel?.type, tunnel?.port, tunnel?.checksum, snat?.addresses]);
}
