/** keepalived's keywords that have no place in a definition, and why (keepalived.conf(5) of 2.2). */
import type { Severity } from '../result.js';

export interface NotTakenOver {
  readonly severity: Severity;
  readonly detail: string;
}

const HEALTH = 'Health checks are not taken over: the real server counts as healthy.';
const TUNING = 'This tunes health checks, which are not taken over.';
const QUORUM = 'Quorum and what hangs on it are not taken over.';
const SCRIPT = 'Scripts and notifications are not taken over.';
const VRRP = 'VRRP is not taken over: who holds the virtual addresses is decided elsewhere.';
const GLOBAL = 'Settings of the keepalived process are not taken over.';
const TRACKING = 'Tracking is not taken over.';

function all(detail: string, severity: Severity, ...keywords: string[]): [string, NotTakenOver][] {
  return keywords.map((keyword) => [keyword, { severity, detail }]);
}

/** At the top of the file. */
export const ROOT_KEYWORDS: ReadonlyMap<string, NotTakenOver> = new Map([
  ...all(
    VRRP,
    'unsupported',
    'vrrp_instance',
    'vrrp_sync_group',
    'vrrp_script',
    'vrrp_track_process',
    'vrrp_track_file',
  ),
  ...all(TRACKING, 'unsupported', 'track_file', 'track_process', 'garp_group', 'interface_up_down_delays'),
  ...all(
    'Addresses, routes and rules are not taken over.',
    'unsupported',
    'static_ipaddress',
    'static_routes',
  ),
  ...all('Addresses, routes and rules are not taken over.', 'unsupported', 'static_rules', 'track_group'),
  ...all('BFD is not taken over.', 'unsupported', 'bfd_instance'),
  ...all(
    GLOBAL,
    'unsupported',
    'global_defs',
    'linkbeat_interfaces',
    'linkbeat_use_polling',
    'net_namespace',
  ),
  ...all(GLOBAL, 'unsupported', 'net_namespace_ipvs', 'namespace_with_ipsets', 'instance', 'use_pid_dir'),
  ...all(GLOBAL, 'unsupported', 'child_wait_time', 'reload_date_specified_file', 'config_copy_directory'),
  ...all('Certificates serve health checks, which are not taken over.', 'unsupported', 'SSL'),
]);

/** Inside global_defs: what touches IPVS, and where lvsd has it. */
export const GLOBAL_KEYWORDS: ReadonlyMap<string, NotTakenOver> = new Map([
  ...all('Timeouts belong to the director: set them there.', 'unsupported', 'lvs_timeouts'),
  ...all('Synchronisation daemons belong to the director: set them there.', 'unsupported', 'lvs_sync_daemon'),
  ...all(
    'lvsd never flushes the table.',
    'unsupported',
    'lvs_flush',
    'lvs_flush_on_stop',
    'lvs_flush_onstop',
  ),
  ...all(
    'Groups become one virtual service for each address, not firewall marks.',
    'unsupported',
    'nftables_ipvs',
  ),
  ...all(
    'The IPVS table of another network namespace is not taken over.',
    'unsupported',
    'net_namespace_ipvs',
  ),
]);

/** Checkers of a real server. */
const CHECKERS = [
  'HTTP_GET', 'SSL_GET', 'TCP_CHECK', 'SMTP_CHECK', 'DNS_CHECK', 'MISC_CHECK', 'BFD_CHECK', 'UDP_CHECK', 'PING_CHECK',
  'FILE_CHECK',
]; // biome-ignore format: a list to read

const COMMON: readonly [string, NotTakenOver][] = [
  ...all(
    TUNING,
    'unsupported',
    'delay_loop',
    'delay_before_retry',
    'retry',
    'warmup',
    'connect_timeout',
    'virtualhost',
  ),
  ...all(SCRIPT, 'unsupported', 'smtp_alert'),
  ...all('SNMP names are not taken over.', 'unsupported', 'snmp_name'),
  ...all(
    'What a failed health check does is not taken over: the weight stays as configured.',
    'unsupported',
    'inhibit_on_failure',
  ),
  ...all(
    'Without health checks nothing starts as failed: real servers have their weight from the start.',
    'unsupported',
    'alpha',
  ),
];

export const VIRTUAL_SERVER_KEYWORDS: ReadonlyMap<string, NotTakenOver> = new Map([
  ...COMMON,
  ...all(QUORUM, 'unsupported', 'quorum', 'quorum_up', 'quorum_down', 'hysteresis', 'omega'),
  ...all(QUORUM, 'unsupported', 'sorry_server_inhibit', 'sorry_server_lvs_method'),
  ...all('Health checks do not depend on addresses of the director.', 'unsupported', 'ha_suspend'),
  ...all('The kernel sets this flag by itself.', 'info', 'hashed'),
]);

export const SORRY_SERVER: NotTakenOver = { severity: 'unsupported', detail: QUORUM };

export const REAL_SERVER_KEYWORDS: ReadonlyMap<string, NotTakenOver> = new Map([
  ...COMMON,
  ...all(SCRIPT, 'unsupported', 'notify_up', 'notify_down'),
  ...all(HEALTH, 'unsupported', ...CHECKERS),
  ...all('keepalived knows lb_kind in virtual servers only: write lvs_method here.', 'error', 'lb_kind'),
]);
