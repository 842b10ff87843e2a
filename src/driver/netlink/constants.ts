/** Numbers of generic netlink and of IPVS, each group with the header that defines it. */

import type { KernelMethod } from '../../domain/table.js';

/** linux/genetlink.h */
export const GENL_ID_CTRL = 16;
export const CTRL_CMD_GETFAMILY = 3;
export const CTRL_ATTR_FAMILY_ID = 1;
export const CTRL_ATTR_FAMILY_NAME = 2;

/** linux/ip_vs.h: IPVS_GENL_NAME, IPVS_GENL_VERSION */
export const IPVS_GENL_NAME = 'IPVS';
export const IPVS_GENL_VERSION = 1;

/** linux/ip_vs.h: IPVS_CMD_* */
export const IPVS_CMD = {
  NEW_SERVICE: 1,
  SET_SERVICE: 2,
  DEL_SERVICE: 3,
  GET_SERVICE: 4,
  NEW_DEST: 5,
  SET_DEST: 6,
  DEL_DEST: 7,
  GET_DEST: 8,
  NEW_DAEMON: 9,
  DEL_DAEMON: 10,
  GET_DAEMON: 11,
  SET_CONFIG: 12,
  GET_CONFIG: 13,
  GET_INFO: 15,
  ZERO: 16,
} as const;

/** linux/ip_vs.h: IPVS_CMD_ATTR_* */
export const IPVS_CMD_ATTR = {
  SERVICE: 1,
  DEST: 2,
  DAEMON: 3,
  TIMEOUT_TCP: 4,
  TIMEOUT_TCP_FIN: 5,
  TIMEOUT_UDP: 6,
} as const;

/** linux/ip_vs.h: IPVS_SVC_ATTR_* */
export const IPVS_SVC_ATTR = {
  AF: 1,
  PROTOCOL: 2,
  ADDR: 3,
  PORT: 4,
  FWMARK: 5,
  SCHED_NAME: 6,
  FLAGS: 7,
  TIMEOUT: 8,
  NETMASK: 9,
  STATS: 10,
  PE_NAME: 11,
  STATS64: 12,
} as const;

/** linux/ip_vs.h: IPVS_DEST_ATTR_* */
export const IPVS_DEST_ATTR = {
  ADDR: 1,
  PORT: 2,
  FWD_METHOD: 3,
  WEIGHT: 4,
  U_THRESH: 5,
  L_THRESH: 6,
  ACTIVE_CONNS: 7,
  INACT_CONNS: 8,
  PERSIST_CONNS: 9,
  STATS: 10,
  ADDR_FAMILY: 11,
  STATS64: 12,
  TUN_TYPE: 13,
  TUN_PORT: 14,
  TUN_FLAGS: 15,
} as const;

/** linux/ip_vs.h: IPVS_DAEMON_ATTR_* */
export const IPVS_DAEMON_ATTR = {
  STATE: 1,
  MCAST_IFN: 2,
  SYNC_ID: 3,
  SYNC_MAXLEN: 4,
  MCAST_GROUP: 5,
  MCAST_GROUP6: 6,
  MCAST_PORT: 7,
  MCAST_TTL: 8,
} as const;

/** linux/ip_vs.h: IP_VS_STATE_* */
export const SYNC_STATES = { master: 1, backup: 2 } as const;

/** linux/ip_vs.h: IPVS_STATS_ATTR_* */
export const IPVS_STATS_ATTR = {
  CONNS: 1,
  INPKTS: 2,
  OUTPKTS: 3,
  INBYTES: 4,
  OUTBYTES: 5,
  CPS: 6,
  INPPS: 7,
  OUTPPS: 8,
  INBPS: 9,
  OUTBPS: 10,
} as const;

/** linux/ip_vs.h: IPVS_INFO_ATTR_* */
export const IPVS_INFO_ATTR = { VERSION: 1, CONN_TAB_SIZE: 2 } as const;

/** linux/ip_vs.h: IP_VS_SVC_F_*. HASHED (0x2) is the kernel's own mark and no attribute of a service. */
export const IP_VS_SVC_F_PERSISTENT = 0x1;
export const IP_VS_SVC_F_ONEPACKET = 0x4;
export const IP_VS_SVC_F_SCHED = { 'flag-1': 0x8, 'flag-2': 0x10, 'flag-3': 0x20 } as const;

/** linux/ip_vs.h: IP_VS_CONN_F_FWD_MASK and the methods under it, by value; the last three mean nothing. */
export const IP_VS_CONN_F_FWD_MASK = 0x7;
export const FORWARDING_METHODS = [
  'nat',
  'local',
  'tun',
  'dr',
  'bypass',
  'method-5',
  'method-6',
  'method-7',
] as const satisfies readonly KernelMethod[];

/** linux/ip_vs.h: IP_VS_CONN_F_TUNNEL_TYPE_*, by value */
export const TUNNEL_TYPES = ['ipip', 'gue', 'gre'] as const;

/** linux/ip_vs.h: IP_VS_TUNNEL_ENCAP_FLAG_*, by value */
export const TUNNEL_CHECKSUMS = ['none', 'csum', 'remcsum'] as const;

/** linux/in.h: IPPROTO_* */
export const PROTOCOLS = { tcp: 6, udp: 17, sctp: 132 } as const;
