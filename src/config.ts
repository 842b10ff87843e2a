/**
 * The configuration: the only reader of the environment. Every setting has one line in the table below, and with it a flag
 * of the command and a variable of the environment; the flag wins.
 */
import { isIP } from 'node:net';
import { join, resolve } from 'node:path';
import { NAME_PATTERN, NAME_RULE } from './domain/names.js';
import type { DriverChoice } from './driver/select.js';

export interface Listener {
  /** Without brackets. */
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
}

export interface CertificateFiles {
  /** PEM: the certificate, followed by those between it and the root. */
  readonly certificate: string;
  /** PEM, without a passphrase. */
  readonly key: string;
  /** Absent: clients are not asked for certificates. */
  readonly clients?: {
    /** PEM: who signs the certificates of clients. */
    readonly authorities: string;
    /** Connections without one are refused. */
    readonly isRequired: boolean;
  };
}

export interface Config {
  readonly http: Listener;
  readonly grpc: Listener;
  /** Of both listeners; null: no TLS. */
  readonly tls: CertificateFiles | null;
  /** Absolute. */
  readonly dataDir: string;
  /** Absolute; whom else it lets in. Null: only lvsd's own tokens. */
  readonly accessFile: string | null;
  readonly driver: DriverChoice;
  /** Absolute; where the kernel's module trees are. */
  readonly modulesDir: string;
  readonly logLevel: string;
  readonly reconcileIntervalSeconds: number;
  /** Host names, besides the addresses it listens on, under which the server may be called. */
  readonly allowedHosts: readonly string[];
  /** Origins, besides its own, whose pages may call it from a browser. */
  readonly corsOrigins: readonly string[];
  /** Calls of one caller; null: no limit. */
  readonly rateLimit: { readonly calls: number; readonly seconds: number } | null;
  /** Streams that one caller may have open at a time. */
  readonly maxStreams: number;
  /** Absolute; where audit events go that leave the log. */
  readonly auditArchiveDir: string;
  /** Older audit events are archived once a day; null: never by themselves. */
  readonly auditRetentionDays: number | null;
  /** Callers may look, and change nothing. */
  readonly readOnly: boolean;
}

/** The setting and its value are named, and what is allowed. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

export interface Setting<T> {
  /** In `Flags`. */
  readonly key: string;
  readonly variable: string;
  /** For the help text: `--http <host:port>`. */
  readonly flag: string;
  readonly fallback: string;
  readonly help: string;
  /** What a value must be, after "must be". */
  readonly allowed: string;
  /** undefined: not allowed. */
  readonly parse: (text: string) => T | undefined;
}

/** Values of flags by the key of their setting, as the command line gave them. */
export type Flags = Readonly<Record<string, unknown>>;
export type Environment = Readonly<Record<string, string | undefined>>;

const DRIVERS: readonly DriverChoice[] = ['auto', 'netlink', 'memory'];
const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
const MAX_INTERVAL_SECONDS = 3600;
const MAX_WINDOW_SECONDS = 3600;

const optionalFile = {
  allowed: 'the path of a file',
  parse: (text: string): string | null => (text === '' ? null : resolve(text)),
};
const resourceName = {
  allowed: NAME_RULE,
  parse: (text: string) => (new RegExp(NAME_PATTERN).test(text) ? text : undefined),
};
const yesOrNo = {
  allowed: 'true or false',
  parse: (text: string) => ({ true: true, 1: true, false: false, 0: false })[text],
};
const listener = { allowed: 'HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080', parse: parseListener };

export const SETTINGS = {
  http: setting({
    ...{ key: 'http', variable: 'LVSD_HTTP', flag: '--http <host:port>', fallback: '127.0.0.1:8080' },
    help: 'where REST, /docs, /healthz and /metrics listen',
    ...listener,
  }),
  grpc: setting({
    ...{ key: 'grpc', variable: 'LVSD_GRPC', flag: '--grpc <host:port>', fallback: '127.0.0.1:50051' },
    help: 'where gRPC listens',
    ...listener,
  }),
  dataDir: setting({
    ...{ key: 'dataDir', variable: 'LVSD_DATA_DIR', flag: '--data-dir <directory>', fallback: './data' },
    help: 'where the database and the first token are',
    allowed: 'the path of a directory',
    parse: (text) => resolve(text),
  }),
  driver: setting({
    ...{ key: 'driver', variable: 'LVSD_DRIVER', flag: '--driver <driver>', fallback: 'auto' },
    help: "netlink: the kernel's IPVS; memory: a model of it; auto: the kernel's where there is one",
    ...oneOf(DRIVERS),
  }),
  modulesDir: setting({
    ...{ key: 'modulesDir', variable: 'LVSD_MODULES_DIR', fallback: '/lib/modules' },
    flag: '--modules-dir <directory>',
    help: 'where the kernel modules are, to know which schedulers there are; in a container: the mounted tree of the host',
    allowed: 'the path of a directory',
    parse: (text) => resolve(text),
  }),
  log: setting({
    ...{ key: 'log', variable: 'LVSD_LOG', flag: '--log <level>', fallback: 'info' },
    help: `how much to log: ${LOG_LEVELS.join(', ')}`,
    ...oneOf(LOG_LEVELS),
  }),
  reconcileInterval: setting({
    key: 'reconcileInterval',
    variable: 'LVSD_RECONCILE_INTERVAL',
    flag: '--reconcile-interval <seconds>',
    fallback: '25',
    help: 'time between two passes over the kernel table; below 30 every second one is quick, and every attribute is still compared within a minute',
    allowed: `a whole number of seconds from 1 to ${MAX_INTERVAL_SECONDS}`,
    parse: (text) => wholeNumber(text, { from: 1, to: MAX_INTERVAL_SECONDS }),
  }),
  allowedHosts: setting({
    key: 'allowedHosts',
    variable: 'LVSD_ALLOWED_HOSTS',
    flag: '--allowed-hosts <names>',
    fallback: '',
    help: 'host names, separated by commas, under which browsers may call it besides its addresses',
    allowed: 'host names separated by commas',
    parse: parseHostNames,
  }),
  tlsCertificate: setting({
    key: 'tlsCertificate',
    variable: 'LVSD_TLS_CERTIFICATE',
    flag: '--tls-certificate <file>',
    fallback: '',
    help: 'PEM file with the certificate (and its chain) of both listeners; a new one is taken into use when the file changes',
    ...optionalFile,
  }),
  tlsKey: setting({
    ...{ key: 'tlsKey', variable: 'LVSD_TLS_KEY', flag: '--tls-key <file>', fallback: '' },
    help: 'PEM file with the private key of the certificate',
    ...optionalFile,
  }),
  tlsClientCa: setting({
    ...{ key: 'tlsClientCa', variable: 'LVSD_TLS_CLIENT_CA', flag: '--tls-client-ca <file>', fallback: '' },
    help: 'PEM file with the authorities of client certificates; the access file says what their holders may do',
    ...optionalFile,
  }),
  tlsClientAuth: setting({
    ...{ key: 'tlsClientAuth', variable: 'LVSD_TLS_CLIENT_AUTH', fallback: 'optional' },
    flag: '--tls-client-auth <how>',
    help: 'optional: clients may show a certificate; required: connections without one are refused',
    ...oneOf(['optional', 'required']),
  }),
  accessFile: setting({
    ...{ key: 'accessFile', variable: 'LVSD_ACCESS_FILE', flag: '--access-file <file>', fallback: '' },
    help: 'JSON file that says what OpenID Connect issuers and client certificates are trusted for (docs/access.md)',
    ...optionalFile,
  }),
  insecure: setting({
    ...{ key: 'insecure', variable: 'LVSD_INSECURE', flag: '--insecure', fallback: 'false' },
    help: 'listen on other than loopback addresses although there is no TLS: tokens cross the network in clear',
    ...yesOrNo,
  }),
  rateLimit: setting({
    ...{ key: 'rateLimit', variable: 'LVSD_RATE_LIMIT', flag: '--rate-limit <calls/seconds>' },
    fallback: '5000/1',
    help: 'calls that one caller may make in so many seconds; off: any number',
    allowed: `CALLS/SECONDS, such as 5000/1 (at most ${MAX_WINDOW_SECONDS} seconds), or off`,
    parse: parseRateLimit,
  }),
  maxStreams: setting({
    ...{ key: 'maxStreams', variable: 'LVSD_MAX_STREAMS', flag: '--max-streams <number>', fallback: '2000' },
    help: 'streams of events or connections that one caller may have open at a time',
    allowed: 'a whole number from 1 to 100000',
    parse: (text) => wholeNumber(text, { from: 1, to: 100_000 }),
  }),
  corsOrigins: setting({
    ...{ key: 'corsOrigins', variable: 'LVSD_CORS_ORIGINS', flag: '--cors-origins <origins>', fallback: '' },
    help: 'origins, separated by commas, whose pages may call it from a browser (CORS), such as https://portal.example.net',
    allowed: 'origins such as https://portal.example.net, without a path, separated by commas',
    parse: parseOrigins,
  }),
  auditArchiveDir: setting({
    ...{ key: 'auditArchiveDir', variable: 'LVSD_AUDIT_ARCHIVE_DIR', fallback: '' },
    flag: '--audit-archive-dir <directory>',
    help: 'where archived audit events go, of this server alone; default: audit-archive in the data directory',
    allowed: 'the path of a directory',
    parse: (text): string | null => (text === '' ? null : resolve(text)),
  }),
  auditRetention: setting({
    ...{ key: 'auditRetention', variable: 'LVSD_AUDIT_RETENTION_DAYS', fallback: 'off' },
    flag: '--audit-retention-days <days>',
    help: 'archive audit events that are older, once a day; off: never',
    allowed: 'a whole number of days from 1 to 36500, or off',
    parse: (text): number | null | undefined =>
      text === 'off' ? null : wholeNumber(text, { from: 1, to: 36_500 }),
  }),
  readOnly: setting({
    ...{ key: 'readOnly', variable: 'LVSD_READ_ONLY', flag: '--read-only', fallback: 'false' },
    help: 'refuse all changes by callers; reads and previews work, and drift is still repaired',
    ...yesOrNo,
  }),
} as const;

/** Settings of the commands that call a server. */
export const CLIENT_SETTINGS = {
  server: setting({
    ...{ key: 'server', variable: 'LVSD_SERVER', flag: '--server <url>', fallback: 'http://127.0.0.1:8080' },
    help: 'where the REST API is',
    allowed: 'a URL such as http://127.0.0.1:8080',
    parse: parseServerUrl,
  }),
  tokenFile: setting({
    ...{ key: 'tokenFile', variable: 'LVSD_TOKEN_FILE', fallback: './data/admin-token' },
    flag: '--token-file <file>',
    help: 'the file that holds the token, unless LVSD_TOKEN is the token',
    allowed: 'the path of a file',
    parse: (text) => resolve(text),
  }),
} as const;

/** Settings of `lvsadm`, besides those of every client. */
export const LVSADM_SETTINGS = {
  cluster: setting({
    ...{ key: 'cluster', variable: 'LVSADM_CLUSTER', flag: '--cluster <name>', fallback: 'ipvsadm' },
    help: 'the cluster that new services go to and that -C clears',
    ...resourceName,
  }),
  project: setting({
    ...{ key: 'project', variable: 'LVSADM_PROJECT', flag: '--project <name>', fallback: 'default' },
    help: 'the project of that cluster',
    ...resourceName,
  }),
  reason: setting({
    ...{ key: 'reason', variable: 'LVSADM_REASON', flag: '--reason <text>', fallback: '' },
    help: 'why, for the audit log',
    allowed: 'one line of text',
    parse: (text) => (/\p{Cc}/u.test(text) ? undefined : text),
  }),
} as const;

export interface LvsadmConfig extends ClientConfig {
  readonly cluster: string;
  readonly project: string;
  /** Undefined: none is given. */
  readonly reason: string | undefined;
}

export function readLvsadmConfig(flags: Flags, environment: Environment): LvsadmConfig {
  const { cluster, project, reason } = LVSADM_SETTINGS;
  const read = <T>(one: Setting<T>) => readSetting(one, flags, environment).value;
  return {
    ...readClientConfig(flags, environment),
    cluster: read(cluster),
    project: read(project),
    reason: read(reason) || undefined,
  };
}

export interface ClientConfig {
  /** Without a slash at its end. */
  readonly server: string;
  /** False: nobody chose it, it is the default. */
  readonly isServerChosen: boolean;
  /** From the environment; never a flag, which others on the machine could read. */
  readonly token: string | undefined;
  /** Absolute; where the token is when it is not in the environment. */
  readonly tokenFile: string;
  readonly isTokenFileChosen: boolean;
}

export function readClientConfig(flags: Flags, environment: Environment = process.env): ClientConfig {
  const { server, tokenFile } = CLIENT_SETTINGS;
  return {
    server: readSetting(server, flags, environment).value,
    isServerChosen: isChosen(server, flags, environment),
    token: flags[tokenFile.key] === undefined ? environment.LVSD_TOKEN || undefined : undefined,
    tokenFile: readSetting(tokenFile, flags, environment).value,
    isTokenFileChosen: isChosen(tokenFile, flags, environment),
  };
}

/** Throws ConfigError for the first setting that is not what it must be. */
export function readConfig(flags: Flags, environment: Environment = process.env): Config {
  const read = <T>(one: Setting<T>) => readSetting(one, flags, environment);
  const tls = withClients(
    certificateFiles(read(SETTINGS.tlsCertificate).value, read(SETTINGS.tlsKey).value),
    {
      authorities: read(SETTINGS.tlsClientCa).value,
      isRequired: read(SETTINGS.tlsClientAuth).value === 'required',
    },
  );
  const open = tls !== null || read(SETTINGS.insecure).value;
  return {
    http: guarded(read(SETTINGS.http), open),
    grpc: guarded(read(SETTINGS.grpc), open),
    tls,
    dataDir: read(SETTINGS.dataDir).value,
    accessFile: read(SETTINGS.accessFile).value,
    driver: read(SETTINGS.driver).value,
    modulesDir: read(SETTINGS.modulesDir).value,
    logLevel: read(SETTINGS.log).value,
    reconcileIntervalSeconds: read(SETTINGS.reconcileInterval).value,
    allowedHosts: read(SETTINGS.allowedHosts).value,
    corsOrigins: read(SETTINGS.corsOrigins).value,
    rateLimit: read(SETTINGS.rateLimit).value,
    maxStreams: read(SETTINGS.maxStreams).value,
    auditArchiveDir: readArchiveDir(flags, environment),
    auditRetentionDays: read(SETTINGS.auditRetention).value,
    readOnly: read(SETTINGS.readOnly).value,
  };
}

/** Where archived audit events go; the command that archives beside a server or without one does as the server. */
export function readArchiveDir(flags: Flags, environment: Environment = process.env): string {
  const chosen = readSetting(SETTINGS.auditArchiveDir, flags, environment).value;
  return chosen ?? join(readDataDir(flags, environment), 'audit-archive');
}

/** For commands that need nothing else. */
export function readDataDir(flags: Flags, environment: Environment = process.env): string {
  return readSetting(SETTINGS.dataDir, flags, environment).value;
}

interface Reading<T> {
  readonly value: T;
  /** "LVSD_HTTP is "x"", for sentences. */
  readonly source: string;
}

function readSetting<T>(one: Setting<T>, flags: Flags, environment: Environment): Reading<T> {
  const flag = flags[one.key];
  const variable = environment[one.variable] || undefined;
  const text = String(flag ?? variable ?? one.fallback);
  const source = `${flag === undefined ? one.variable : one.flag.split(' ')[0]} is "${text}"`;
  const value = one.parse(text);
  if (value === undefined) throw new ConfigError(`${source}: it must be ${one.allowed}.`);
  return { value, source };
}

function isChosen({ key, variable }: Setting<unknown>, flags: Flags, environment: Environment): boolean {
  return flags[key] !== undefined || Boolean(environment[variable]);
}

function certificateFiles(certificate: string | null, key: string | null): CertificateFiles | null {
  if (certificate && key) return { certificate, key };
  if (!certificate && !key) return null;
  const [given, absent] = certificate
    ? [SETTINGS.tlsCertificate, SETTINGS.tlsKey]
    : [SETTINGS.tlsKey, SETTINGS.tlsCertificate];
  throw new ConfigError(
    `${given.variable} needs ${absent.variable} beside it: TLS takes a certificate and its key.`,
  );
}

function withClients(
  files: CertificateFiles | null,
  { authorities, isRequired }: { readonly authorities: string | null; readonly isRequired: boolean },
): CertificateFiles | null {
  if (authorities !== null && files) return { ...files, clients: { authorities, isRequired } };
  const { tlsClientCa, tlsClientAuth, tlsCertificate } = SETTINGS;
  if (authorities !== null) {
    throw new ConfigError(
      `${tlsClientCa.variable} needs ${tlsCertificate.variable}: without TLS no client shows a certificate.`,
    );
  }
  if (isRequired)
    throw new ConfigError(
      `${tlsClientAuth.variable}=required needs ${tlsClientCa.variable}: who signs them.`,
    );
  return files;
}

/** Without TLS only loopback is safe. */
function guarded({ value, source }: Reading<Listener>, open: boolean): Listener {
  if (open || isLoopback(value.host)) return value;
  throw new ConfigError(
    `${source}: other machines could reach it there, and it has no TLS, so tokens would cross the network in clear. ` +
      'Give a certificate (LVSD_TLS_CERTIFICATE and LVSD_TLS_KEY), choose a loopback address, or allow it with --insecure ' +
      '(LVSD_INSECURE=true).',
  );
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

function parseListener(text: string): Listener | undefined {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  const [, ipv6, name, port] = match ?? [];
  const host = ipv6 ?? name;
  if (host === undefined || Number(port) > 0xffff) return undefined;
  const valid = ipv6 === undefined ? isIP(host) === 4 || HOST_NAME.test(host) : isIP(host) === 6;
  return valid ? { host, port: Number(port) } : undefined;
}

function parseServerUrl(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const { protocol, username, password, search, hash, href } = new URL(text);
  const isPlain = username === '' && password === '' && search === '' && hash === '';
  return isPlain && /^https?:$/.test(protocol) ? href.replace(/\/+$/, '') : undefined;
}

function wholeNumber(text: string, { from, to }: { from: number; to: number }): number | undefined {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  return value >= from && value <= to ? value : undefined;
}

function parseRateLimit(text: string): Config['rateLimit'] | undefined {
  if (text === 'off') return null;
  const [, calls = '', seconds = ''] = /^(\d+)\/(\d+)$/.exec(text) ?? [];
  const limit = {
    calls: wholeNumber(calls, { from: 1, to: 1_000_000 }),
    seconds: wholeNumber(seconds, { from: 1, to: MAX_WINDOW_SECONDS }),
  };
  const { calls: quota, seconds: window } = limit;
  return quota === undefined || window === undefined ? undefined : { calls: quota, seconds: window };
}

/** In the spelling that browsers send, which is compared letter by letter. */
function parseOrigins(text: string): string[] | undefined {
  const urls = listOf(text).map((one) => (URL.canParse(one) ? new URL(one) : undefined));
  const origins = urls.map((url) => (url?.href === `${url?.origin}/` ? url.origin : ''));
  return origins.every((origin) => /^https?:/.test(origin)) ? origins : undefined;
}

function listOf(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

function parseHostNames(text: string): string[] | undefined {
  const names = listOf(text);
  return names.every((name) => HOST_NAME.test(name)) ? names : undefined;
}

/** The last label is not a number: `300.1.1.1` is a mistyped address. */
const HOST_NAME = /^(?:[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?\.)*[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?$/i;

function oneOf<T extends string>(values: readonly T[]) {
  return {
    allowed: `one of ${values.join(', ')}`,
    parse: (text: string): T | undefined => values.find((value) => value === text),
  };
}

function setting<T>(one: Setting<T>): Setting<T> {
  return one;
}
