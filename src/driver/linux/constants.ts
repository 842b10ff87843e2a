/** Numbers of rtnetlink and of network interfaces, each group with the header that defines it. */

/** linux/rtnetlink.h: RTM_* */
export const RTM = { GETLINK: 18, NEWADDR: 20, DELADDR: 21, GETADDR: 22, GETROUTE: 26 } as const;

/** linux/if_link.h: IFLA_*, IFLA_INFO_* */
export const IFLA = { ADDRESS: 1, IFNAME: 3, MTU: 4, LINKINFO: 18 } as const;
export const IFLA_INFO_KIND = 1;

/** linux/if.h: IFF_* */
export const IFF_UP = 0x1;
export const IFF_NOARP = 0x80;

/** linux/if_arp.h */
export const ARPHRD_ETHER = 1;

/** linux/if_addr.h: IFA_*, IFA_F_* */
export const IFA = { ADDRESS: 1, LOCAL: 2, CACHEINFO: 6, FLAGS: 8, PROTO: 11 } as const;
export const IFA_F_NODAD = 0x02;
/** `struct ifa_cacheinfo`: a lifetime that does not end. */
export const INFINITY_LIFE_TIME = 0xffffffff;

/**
 * IFA_PROTO of the addresses that lvsd adds ('L'). linux/if_addr.h has 1 to 3 for the kernel itself; the others are free, as
 * the numbers of routing protocols are.
 */
export const LVSD_ADDRESS_PROTOCOL = 76;

/** linux/rtnetlink.h: RTA_*, RTAX_*, RTN_* */
export const RTA = { DST: 1, OIF: 4, GATEWAY: 5, PREFSRC: 7, METRICS: 8, VIA: 18 } as const;
export const RTAX_MTU = 2;
export const RTN_LOCAL = 2;
export const RTN_WITHOUT_WAY = { blackhole: 6, unreachable: 7, prohibit: 8, throw: 9 } as const;

/** linux/netfilter/ipset/ip_set.h: IPSET_*; a command's number follows NFNL_SUBSYS_IPSET of linux/netfilter/nfnetlink.h. */
export const IPSET_CMD_LIST = (6 << 8) | 7;
export const IPSET_ATTR = { PROTOCOL: 1, SETNAME: 2, FLAGS: 6 } as const;
export const IPSET_FLAG_LIST_SETNAME = 0x2;
/** Linux 4.19 knows a newer one; this one is taken by all. */
export const IPSET_PROTOCOL_MIN = 6;

/** linux/if_ether.h: ETH_P_* */
export const ETH_P_IPV4 = 0x0800;
export const ETH_P_ARP = 0x0806;
export const ETH_P_IPV6 = 0x86dd;
