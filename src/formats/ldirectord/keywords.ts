/** Directives of ldirectord.cf that have no place in a definition, and why (ldirectord(8)). */

const HEALTH = 'Health checks are not taken over: the real servers count as healthy.';
const PROCESS = 'Settings of the ldirectord process are not taken over.';
const ALERTS = 'Alerts are not taken over.';
const FALLBACK = 'A fallback server comes in when health checks fail, which are not taken over.';
const FAILED = 'What a failed health check does is not taken over: the weight stays as configured.';

function all(detail: string, ...names: string[]): [string, string][] {
  return names.map((name) => [name, detail]);
}

const COMMON: readonly [string, string][] = [
  ...all(HEALTH, 'checktimeout', 'negotiatetimeout', 'checkinterval', 'checkcount', 'failurecount'),
  ...all(FALLBACK, 'fallback', 'fallback6', 'fallbackcommand'),
  ...all(FAILED, 'quiescent'),
  ...all(ALERTS, 'emailalert', 'emailalertfreq', 'emailalertstatus', 'smtp'),
  ...all(PROCESS, 'cleanstop'),
];

export const GLOBAL_DIRECTIVES: ReadonlyMap<string, string> = new Map([
  ...COMMON,
  ...all(FAILED, 'readdquiescent'),
  ...all(ALERTS, 'emailalertfrom'),
  ...all(PROCESS, 'autoreload', 'callback', 'logfile', 'execute', 'fork', 'supervised', 'maintenancedir'),
]);

export const VIRTUAL_DIRECTIVES: ReadonlyMap<string, string> = new Map([
  ...COMMON,
  ...all(
    HEALTH,
    'checkcommand',
    'checkport',
    'request',
    'receive',
    'login',
    'passwd',
    'database',
    'secret',
    'load',
  ),
  ...all(HEALTH, 'service', 'httpmethod', 'virtualhost', 'monitorfile', 'servicename'),
  ...all('Comments are not taken over.', 'comment'),
]);

/** With `=` only: these two ldirectord refuses, naming what came in their place. */
export const FORMER_DIRECTIVES: ReadonlyMap<string, string> = new Map([
  ...all('ldirectord refuses it: write negotiatetimeout.', 'connecttimeout'),
  ...all('ldirectord refuses it: write checktimeout and negotiatetimeout.', 'timeout'),
]);
