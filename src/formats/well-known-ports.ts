/** Port names that `ipvsadm -S` without `-n` and ldirectord.cf use, from the registry of the IANA. */
export const WELL_KNOWN_PORTS: ReadonlyMap<string, number> = new Map(
  Object.entries({
    ftp: 21, ssh: 22, telnet: 23, smtp: 25, domain: 53, tftp: 69, http: 80, www: 80, 'http-alt': 8080, kerberos: 88,
    pop3: 110, sunrpc: 111, nntp: 119, ntp: 123, imap2: 143, imap: 143, snmp: 161, ldap: 389, https: 443,
    submission: 587, ldaps: 636, 'domain-s': 853, imaps: 993, pop3s: 995, mysql: 3306, 'ms-wbt-server': 3389,
    postgresql: 5432, sip: 5060, 'sip-tls': 5061, radius: 1812, 'radius-acct': 1813, nfs: 2049, squid: 3128,
    'webcache': 8080, syslog: 514, rsync: 873, amqp: 5672, amqps: 5671, redis: 6379, diameter: 3868,
  }),
); // biome-ignore format: a list to read
