/** The attribute tables of the IPVS family and of generic netlink's own. Their order is the order that ipvsadm sends. */
import {
  type Attribute,
  attributeTable,
  bigEndianU16,
  bytes,
  counter32,
  counter64,
  maskedFlags,
  nested,
  text,
  u8,
  u16,
  u32,
} from '../wire/attributes.js';
import {
  CTRL_ATTR_FAMILY_ID,
  CTRL_ATTR_FAMILY_NAME,
  IPVS_CMD_ATTR,
  IPVS_DAEMON_ATTR,
  IPVS_DEST_ATTR,
  IPVS_INFO_ATTR,
  IPVS_STATS_ATTR,
  IPVS_SVC_ATTR,
} from './constants.js';

/** ip_vs_genl_fill_stats */
const STATS_32 = attributeTable({
  connections: counter32(IPVS_STATS_ATTR.CONNS),
  inPackets: counter32(IPVS_STATS_ATTR.INPKTS),
  outPackets: counter32(IPVS_STATS_ATTR.OUTPKTS),
  inBytes: counter64(IPVS_STATS_ATTR.INBYTES),
  outBytes: counter64(IPVS_STATS_ATTR.OUTBYTES),
  connectionRate: counter32(IPVS_STATS_ATTR.CPS),
  inPacketRate: counter32(IPVS_STATS_ATTR.INPPS),
  outPacketRate: counter32(IPVS_STATS_ATTR.OUTPPS),
  inByteRate: counter32(IPVS_STATS_ATTR.INBPS),
  outByteRate: counter32(IPVS_STATS_ATTR.OUTBPS),
});

/** ip_vs_genl_fill_stats64, since Linux 4.1 */
const STATS_64 = attributeTable({
  connections: counter64(IPVS_STATS_ATTR.CONNS),
  inPackets: counter64(IPVS_STATS_ATTR.INPKTS),
  outPackets: counter64(IPVS_STATS_ATTR.OUTPKTS),
  inBytes: counter64(IPVS_STATS_ATTR.INBYTES),
  outBytes: counter64(IPVS_STATS_ATTR.OUTBYTES),
  connectionRate: counter64(IPVS_STATS_ATTR.CPS),
  inPacketRate: counter64(IPVS_STATS_ATTR.INPPS),
  outPacketRate: counter64(IPVS_STATS_ATTR.OUTPPS),
  inByteRate: counter64(IPVS_STATS_ATTR.INBPS),
  outByteRate: counter64(IPVS_STATS_ATTR.OUTBPS),
});

export const SERVICE = {
  family: u16(IPVS_SVC_ATTR.AF),
  protocol: u16(IPVS_SVC_ATTR.PROTOCOL),
  address: bytes(IPVS_SVC_ATTR.ADDR, 16),
  port: bigEndianU16(IPVS_SVC_ATTR.PORT),
  fwmark: u32(IPVS_SVC_ATTR.FWMARK),
  scheduler: text(IPVS_SVC_ATTR.SCHED_NAME),
  engine: text(IPVS_SVC_ATTR.PE_NAME),
  flags: maskedFlags(IPVS_SVC_ATTR.FLAGS),
  timeoutSeconds: u32(IPVS_SVC_ATTR.TIMEOUT),
  /** The persistence netmask of an IPv4 service, in network order. */
  mask: bytes(IPVS_SVC_ATTR.NETMASK, 4),
  /** The persistence prefix of an IPv6 service. */
  prefixLength: u32(IPVS_SVC_ATTR.NETMASK),
};

export const DESTINATION = {
  family: u16(IPVS_DEST_ATTR.ADDR_FAMILY),
  address: bytes(IPVS_DEST_ATTR.ADDR, 16),
  port: bigEndianU16(IPVS_DEST_ATTR.PORT),
  method: u32(IPVS_DEST_ATTR.FWD_METHOD),
  weight: u32(IPVS_DEST_ATTR.WEIGHT),
  tunnelType: u8(IPVS_DEST_ATTR.TUN_TYPE),
  tunnelPort: bigEndianU16(IPVS_DEST_ATTR.TUN_PORT),
  tunnelFlags: u16(IPVS_DEST_ATTR.TUN_FLAGS),
  upperThreshold: u32(IPVS_DEST_ATTR.U_THRESH),
  lowerThreshold: u32(IPVS_DEST_ATTR.L_THRESH),
};

const connectionAttributes = {
  activeConnections: u32(IPVS_DEST_ATTR.ACTIVE_CONNS),
  inactiveConnections: u32(IPVS_DEST_ATTR.INACT_CONNS),
  persistentConnections: u32(IPVS_DEST_ATTR.PERSIST_CONNS),
};

/** The attributes of every command about services and destinations, and of the entries that the kernel shows. */
export const ENTRY = attributeTable({
  service: nested(IPVS_CMD_ATTR.SERVICE, attributeTable(SERVICE)),
  destination: nested(IPVS_CMD_ATTR.DEST, attributeTable(DESTINATION)),
});

/** An entry with its counters, which the kernel shows in both widths. */
export const ENTRY_WITH_STATS = entryWithStats({
  service: nested(IPVS_SVC_ATTR.STATS64, STATS_64),
  destination: nested(IPVS_DEST_ATTR.STATS64, STATS_64),
});

/** As `ENTRY_WITH_STATS`, for kernels that have the narrow counters only. */
export const ENTRY_WITH_STATS_32 = entryWithStats({
  service: nested(IPVS_SVC_ATTR.STATS, STATS_32),
  destination: nested(IPVS_DEST_ATTR.STATS, STATS_32),
});

type StatsAttribute = Attribute<ValuesOf<typeof STATS_64>>;

function entryWithStats(stats: { service: StatsAttribute; destination: StatsAttribute }) {
  const service = attributeTable({ ...SERVICE, stats: stats.service });
  const destination = attributeTable({
    ...DESTINATION,
    ...connectionAttributes,
    stats: stats.destination,
  });
  return attributeTable({
    service: nested(IPVS_CMD_ATTR.SERVICE, service),
    destination: nested(IPVS_CMD_ATTR.DEST, destination),
  });
}

/** The attributes of timeouts (IPVS_CMD_*_CONFIG) and daemons (IPVS_CMD_*_DAEMON). */
export const DIRECTOR = attributeTable({
  daemon: nested(
    IPVS_CMD_ATTR.DAEMON,
    attributeTable({
      state: u32(IPVS_DAEMON_ATTR.STATE),
      interface: text(IPVS_DAEMON_ATTR.MCAST_IFN),
      syncId: u32(IPVS_DAEMON_ATTR.SYNC_ID),
      maxLength: u16(IPVS_DAEMON_ATTR.SYNC_MAXLEN),
      port: u16(IPVS_DAEMON_ATTR.MCAST_PORT),
      ttl: u8(IPVS_DAEMON_ATTR.MCAST_TTL),
      group: bytes(IPVS_DAEMON_ATTR.MCAST_GROUP, 4),
      group6: bytes(IPVS_DAEMON_ATTR.MCAST_GROUP6, 16),
    }),
  ),
  tcpSeconds: u32(IPVS_CMD_ATTR.TIMEOUT_TCP),
  tcpFinSeconds: u32(IPVS_CMD_ATTR.TIMEOUT_TCP_FIN),
  udpSeconds: u32(IPVS_CMD_ATTR.TIMEOUT_UDP),
});

/** IPVS_CMD_SET_INFO, the answer to IPVS_CMD_GET_INFO. */
export const INFO = attributeTable({
  version: u32(IPVS_INFO_ATTR.VERSION),
  connectionTableSize: u32(IPVS_INFO_ATTR.CONN_TAB_SIZE),
});

/** CTRL_CMD_GETFAMILY and its answer. */
export const CONTROL = attributeTable({
  familyId: u16(CTRL_ATTR_FAMILY_ID),
  familyName: text(CTRL_ATTR_FAMILY_NAME),
});

type ValuesOf<T> = T extends { decode(...input: never[]): infer V } ? V : never;

export type DirectorValues = ValuesOf<typeof DIRECTOR>;
export type EntryValues = ValuesOf<typeof ENTRY_WITH_STATS>;
export type ServiceValues = NonNullable<EntryValues['service']>;
export type DestinationValues = NonNullable<EntryValues['destination']>;
