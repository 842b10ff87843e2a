import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { ConfigError, readClientConfig, readConfig, readDataDir, SETTINGS } from '../../src/config.js';

const README = new URL('../../../README.md', import.meta.url);

test('without flags and variables everything has its documented default', () => {
  assert.deepEqual(readConfig({}, {}), {
    http: { host: '127.0.0.1', port: 8080 },
    grpc: { host: '127.0.0.1', port: 50051 },
    accessFile: null,
    tls: null,
    dataDir: resolve('data'),
    driver: 'auto',
    modulesDir: '/lib/modules',
    logLevel: 'info',
    reconcileIntervalSeconds: 25,
    allowedHosts: [],
    corsOrigins: [],
    rateLimit: { calls: 5000, seconds: 1 },
    maxStreams: 2000,
    auditArchiveDir: resolve('data/audit-archive'),
    auditRetentionDays: null,
    readOnly: false,
  });
});

test('a flag wins over its variable, and an empty variable is none', () => {
  const environment = { LVSD_HTTP: '127.0.0.2:1', LVSD_GRPC: '[::1]:2', LVSD_DRIVER: '', LVSD_LOG: 'debug' };
  const config = readConfig({ http: '127.0.0.3:3', log: 'warn' }, environment);
  assert.deepEqual(config.http, { host: '127.0.0.3', port: 3 });
  assert.deepEqual(config.grpc, { host: '::1', port: 2 });
  assert.equal(config.driver, 'auto');
  assert.equal(config.logLevel, 'warn');
});

test('variables are read from the environment of the process', (t) => {
  t.after(() => delete process.env.LVSD_DATA_DIR);
  process.env.LVSD_DATA_DIR = '/var/lib/lvsd';
  assert.equal(readDataDir({}), '/var/lib/lvsd');
  assert.equal(readConfig({}).dataDir, '/var/lib/lvsd');
});

const INVALID: Readonly<Record<string, readonly string[]>> = {
  LVSD_HTTP: [
    '8080',
    ':8080',
    '127.0.0.1',
    '127.0.0.1:65536',
    '300.1.1.1:80',
    '::1:80',
    '[127.0.0.1]:80',
    'a b:1',
  ],
  LVSD_GRPC: ['[::g]:1', 'http://127.0.0.1:1', '-x:1'],
  LVSD_DRIVER: ['Netlink', 'ipvs'],
  LVSD_LOG: ['verbose'],
  LVSD_RECONCILE_INTERVAL: ['0', '-1', '1.5', '30s', '3601', '99999'],
  LVSD_ALLOWED_HOSTS: ['http://lvs.example.net', 'a,,b c'],
  LVSD_INSECURE: ['yes', 'on'],
  LVSD_AUDIT_RETENTION_DAYS: ['0', '-1', '1.5', '36501', 'on'],
  LVSD_RATE_LIMIT: ['0/1', '10', '10/0', '10/3601', '-1/1', '1.5/1', 'no', '9999999/1'],
  LVSD_MAX_STREAMS: ['0', '100001', 'many'],
  LVSD_CORS_ORIGINS: [
    '*',
    'portal.example.net',
    'https://a.example/path',
    'ftp://a.example',
    'https://u:p@a.example',
  ],
  LVSD_READ_ONLY: ['yes'],
};

for (const [variable, values] of Object.entries(INVALID)) {
  test(`${variable} that cannot be is refused with its name, its value and what is allowed`, () => {
    const setting = Object.values(SETTINGS).find((one) => one.variable === variable);
    assert.ok(setting);
    const flag = setting.flag.split(' ')[0];
    for (const value of values) {
      const wanted = `is "${value}": it must be ${setting.allowed}.`;
      assert.throws(() => readConfig({}, { [variable]: value }), new ConfigError(`${variable} ${wanted}`));
      assert.throws(() => readConfig({ [setting.key]: value }, {}), new ConfigError(`${flag} ${wanted}`));
    }
  });
}

test('an address that other machines can reach is refused unless --insecure says so', () => {
  for (const host of ['0.0.0.0', '192.0.2.1', '[::]', '[2001:db8::1]', 'lvs.example.net']) {
    for (const key of ['http', 'grpc'] as const) {
      const flags = { [key]: `${host}:80` };
      assert.throws(() => readConfig(flags, {}), /no TLS.*--insecure/);
      assert.equal(readConfig({ ...flags, insecure: true }, {})[key].port, 80);
      assert.equal(readConfig(flags, { LVSD_INSECURE: '1' })[key].port, 80);
      assert.throws(() => readConfig(flags, { LVSD_INSECURE: 'false' }), ConfigError);
    }
  }
  for (const host of ['127.0.0.1', '127.1.2.3', '[::1]', 'localhost']) {
    assert.equal(readConfig({ http: `${host}:80` }, {}).http.port, 80);
  }
});

test('with a certificate other machines may reach it; a certificate needs its key', () => {
  const tls = { LVSD_TLS_CERTIFICATE: '/etc/lvsd/cert.pem', LVSD_TLS_KEY: '/etc/lvsd/key.pem' };
  const config = readConfig({ http: '0.0.0.0:443', grpc: '[::]:50051' }, tls);
  assert.deepEqual(config.tls, { certificate: '/etc/lvsd/cert.pem', key: '/etc/lvsd/key.pem' });
  for (const [variable, value] of Object.entries(tls)) {
    const other = variable.endsWith('KEY') ? 'LVSD_TLS_CERTIFICATE' : 'LVSD_TLS_KEY';
    assert.throws(() => readConfig({}, { [variable]: value }), new RegExp(`${variable} needs ${other}`));
  }
});

test('allowed hosts are names separated by commas', () => {
  const read = (text: string) => readConfig({ allowedHosts: text }, {}).allowedHosts;
  assert.deepEqual(read('lvs.example.net, LVS'), ['lvs.example.net', 'LVS']);
  assert.deepEqual(read(' '), []);
});

test('a limit of calls is so many in so many seconds, or off', () => {
  const read = (text: string) => readConfig({}, { LVSD_RATE_LIMIT: text }).rateLimit;
  assert.deepEqual(read('100/60'), { calls: 100, seconds: 60 });
  assert.equal(read('off'), null);
});

test('origins are taken in the spelling that browsers send', () => {
  const read = (text: string) => readConfig({ corsOrigins: text }, {}).corsOrigins;
  assert.deepEqual(read('HTTPS://Portal.example:443, http://localhost:3000/'), [
    'https://portal.example',
    'http://localhost:3000',
  ]);
  assert.deepEqual(read(''), []);
});

test('the table of the README is the table of the settings', () => {
  const rows = Object.values(SETTINGS).map(
    ({ variable, flag, fallback, help }) =>
      `| \`${variable}\` | \`${flag}\` | ${fallback && `\`${fallback}\``} | ${help} |`,
  );
  const table = readFileSync(README, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| `LVSD_'))
    .map((line) => line.replace(/ +/g, ' '));
  assert.deepEqual(
    table,
    rows.map((row) => row.replace(/ +/g, ' ')),
  );
});

test('commands that call a server find it and their token in flags, in variables, or at the usual places', () => {
  assert.deepEqual(readClientConfig({}, { LVSD_SERVER: '', LVSD_TOKEN: '' }), {
    server: 'http://127.0.0.1:8080',
    isServerChosen: false,
    token: undefined,
    tokenFile: resolve('data/admin-token'),
    isTokenFileChosen: false,
  });
  const environment = { LVSD_SERVER: 'https://lvs.example.net/api/', LVSD_TOKEN: 'x', LVSD_TOKEN_FILE: '/t' };
  const chosen = { isServerChosen: true, isTokenFileChosen: true };
  assert.deepEqual(readClientConfig({}, environment), {
    ...{ server: 'https://lvs.example.net/api', token: 'x', tokenFile: '/t' },
    ...chosen,
  });
  assert.deepEqual(readClientConfig({ server: 'http://[::1]:1', tokenFile: '/u' }, environment), {
    ...{ server: 'http://[::1]:1', token: undefined, tokenFile: '/u' },
    ...chosen,
  });
  for (const server of ['127.0.0.1:8080', 'ftp://a', 'http://me:pw@a', 'http://a/?x=1', 'http://a/#x']) {
    assert.throws(() => readClientConfig({ server }, {}), /^ConfigError: --server is ".+": it must be a URL/);
  }
});

test('client certificates need TLS, and to be required they need authorities', () => {
  const tls = { LVSD_TLS_CERTIFICATE: '/c.pem', LVSD_TLS_KEY: '/k.pem' };
  const clients = { LVSD_TLS_CLIENT_CA: '/ca.pem', LVSD_TLS_CLIENT_AUTH: 'required' };
  assert.deepEqual(readConfig({}, { ...tls, ...clients }).tls?.clients, {
    authorities: '/ca.pem',
    isRequired: true,
  });
  assert.equal(readConfig({}, tls).tls?.clients, undefined);
  assert.throws(() => readConfig({}, { LVSD_TLS_CLIENT_CA: '/ca.pem' }), /needs LVSD_TLS_CERTIFICATE/);
  assert.throws(
    () => readConfig({}, { ...tls, LVSD_TLS_CLIENT_AUTH: 'required' }),
    /needs LVSD_TLS_CLIENT_CA/,
  );
});
