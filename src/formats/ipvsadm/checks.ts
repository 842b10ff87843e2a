/** Which options go together, in the words of ipvsadm. */
import { Fault } from './fault.js';
import { type CommandSpec, SLOTS, type Slot, TUNNELS, type TunnelType } from './options.js';

interface Allowed {
  readonly needs: readonly Slot[];
  readonly allows: readonly Slot[];
  readonly oneOf: readonly Slot[];
}

export function checkOptions({ name, ...allowed }: CommandSpec, given: ReadonlySet<Slot>): void {
  check(allowed, { given, slots: SLOTS, what: `'${name}' command` });
}

const TUNNEL_SLOTS = ['tun-port', 'tun-nocsum', 'tun-csum', 'tun-remcsum'] as const;

export function checkTunnel(type: TunnelType, method: string, given: ReadonlySet<Slot>): void {
  const isTunnel = method === 'tun';
  if (!isTunnel && ['tun-type', ...TUNNEL_SLOTS].some((slot) => given.has(slot as Slot)))
    throw new Fault('Tunnel options conflict with forward method');
  check({ ...TUNNELS[type], allows: [] }, { given, slots: TUNNEL_SLOTS, what: `'${type}' tunnel type` });
}

interface Subject {
  readonly given: ReadonlySet<Slot>;
  readonly slots: readonly Slot[];
  readonly what: string;
}

function check({ needs, allows, oneOf }: Allowed, { given, slots, what }: Subject): void {
  let chosen: Slot | undefined;
  for (const slot of slots) {
    if (!given.has(slot)) {
      if (needs.includes(slot)) throw new Fault(`You need to supply the '${slot}' option for the ${what}`);
      continue;
    }
    if (![...needs, ...allows, ...oneOf].includes(slot))
      throw new Fault(`Illegal '${slot}' option with the ${what}`);
    if (!oneOf.includes(slot)) continue;
    if (chosen !== undefined)
      throw new Fault(`The option '${slot}' conflicts with the '${chosen}' option in the ${what}`);
    chosen = slot;
  }
}
