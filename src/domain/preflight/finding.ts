/** Everything that a preflight can find: the one table. `why` is what the finding means for packets. */

/** error: packets will not flow. warning: they may not, or will stop one day. info: worth knowing. */
export const SEVERITIES = ['error', 'warning', 'info'] as const;
export type Severity = (typeof SEVERITIES)[number];

interface Kind {
  readonly severity: Severity;
  readonly why: string;
}

export const FINDINGS = {
  // the kernel's IPVS
  IPVS_UNAVAILABLE: { severity: 'error', why: 'Without IPVS no packet is balanced.' },
  SCHEDULER_UNAVAILABLE: {
    severity: 'error',
    why: 'A virtual service whose scheduler the kernel does not have cannot be made.',
  },
  CONNECTION_TABLE_SMALL: {
    severity: 'info',
    why: 'Connections that share a bucket are searched one by one: a small table makes many connections slow.',
  },
  EXPIRE_NODEST_CONN_OFF: {
    severity: 'info',
    why: 'Packets of connections to a real server that is gone are dropped in silence, and clients wait for their own timeout.',
  },
  EXPIRE_QUIESCENT_TEMPLATE_OFF: {
    severity: 'warning',
    why: 'Persistence keeps sending clients to a real server of weight 0, so that it never drains.',
  },
  CONN_REUSE_DELAY: {
    severity: 'warning',
    why: 'Before Linux 5.9 a client port that is used again is delayed by a second while conntrack is on.',
  },
  // packets through the director
  IP_FORWARD_OFF: {
    severity: 'error',
    why: 'nat and fullnat forward the packets of both directions; the kernel drops what it may not forward.',
  },
  RP_FILTER_STRICT: {
    severity: 'warning',
    why: 'Requests whose way back is not through the interface on which they arrive are dropped before IPVS sees them.',
  },
  ARP_FLUX: {
    severity: 'info',
    why: 'Linux answers ARP for any of its addresses on every interface: VIPs may be learnt at the wrong link.',
  },
  // fullnat
  FULLNAT_UNAVAILABLE: {
    severity: 'error',
    why: 'Without source NAT, real servers answer to the client directly.',
  },
  CONNTRACK_OFF: {
    severity: 'error',
    why: 'Source NAT of fullnat works on tracked connections; IPVS hides its own from conntrack unless told otherwise.',
  },
  CONNTRACK_TABLE_FULL: {
    severity: 'warning',
    why: 'When the conntrack table is full, new connections are dropped.',
  },
  // addresses
  VIP_MISSING: {
    severity: 'error',
    why: 'The director does not take packets for an address that it does not have, nor answers ARP for it.',
  },
  VIP_INTERFACE_MISSING: {
    severity: 'error',
    why: 'The VIP cannot be bound to an interface that is not there.',
  },
  VIP_INTERFACE_DOWN: { severity: 'error', why: 'No packet arrives on an interface that is down.' },
  // real servers
  REAL_SERVER_UNREACHABLE: { severity: 'error', why: 'The director has no route to the real server.' },
  REAL_SERVER_NOT_ON_SEGMENT: {
    severity: 'error',
    why: 'dr changes only the MAC address: a router on the way would send the packet back to the VIP.',
  },
  REAL_SERVER_IS_DIRECTOR: {
    severity: 'info',
    why: 'The director serves these connections itself; forwarding has no part in it.',
  },
  NAT_RETURN_PATH: {
    severity: 'info',
    why: 'nat works only when the real server answers through the director, which puts the VIP back in.',
  },
  NAT_BEHIND_ROUTER: {
    severity: 'warning',
    why: 'nat works only when the answers come back through the director, and a router between usually knows a shorter way.',
  },
  TUNNEL_MTU: {
    severity: 'warning',
    why: 'A full-sized packet of a client does not fit into the tunnel: it is refused with ICMP, which many networks lose.',
  },
  // the preflight itself
  MEMORY_DRIVER: {
    severity: 'info',
    why: 'What is checked is a model of a kernel, and no packet is balanced.',
  },
  HOST_NOT_READABLE: {
    severity: 'warning',
    why: 'Routes, addresses and kernel settings could not be read, so that nothing is known of them.',
  },
  TOO_MANY_REAL_SERVERS: { severity: 'info', why: 'Only the first real servers were looked at.' },
} as const satisfies Record<string, Kind>;

export type FindingId = keyof typeof FINDINGS;

/** What a finding is about; what does not apply is null. */
export interface Subject {
  readonly interface: string | null;
  readonly address: string | null;
  /** Path. */
  readonly resource: string | null;
  readonly method: string | null;
}

export interface Finding {
  readonly id: FindingId;
  readonly severity: Severity;
  readonly subject: Subject;
  /** What there is, with its value. */
  readonly seen: string;
  readonly why: string;
  /** A command to paste as it stands; null where it takes a person's decision, which `advice` describes. */
  readonly remedy: string | null;
  /** What to do, in words, and how it lasts. */
  readonly advice: string;
}

type Told = Pick<Finding, 'seen' | 'remedy' | 'advice'> & { readonly about?: Partial<Subject> };

export function finding(id: FindingId, { seen, remedy, advice, about = {} }: Told): Finding {
  const { severity, why } = FINDINGS[id];
  const subject = { interface: null, address: null, resource: null, method: null, ...about };
  return { id, severity, subject, seen, why, remedy, advice };
}

/** The worst first, otherwise in the order of the checks. */
export function bySeverity(findings: readonly Finding[]): Finding[] {
  return SEVERITIES.flatMap((severity) => findings.filter((one) => one.severity === severity));
}
