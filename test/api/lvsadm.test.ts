import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, afterEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { OWN_SETTINGS } from '../../src/cli/lvsadm/options.js';
import { lvsadm as main } from '../../src/cli/lvsadm/run.js';
import type { AuditEvent } from '../../src/domain/schema/audit-event.js';
import type { Definition } from '../../src/domain/schema/definition.js';
import { COMMANDS, OPTIONS } from '../../src/formats/ipvsadm/options.js';
import { newDestination, newService } from '../support/operations.js';
import { createRestClient } from '../support/rest-client.js';
import { startTestServer } from '../support/server.js';
import { CLUSTERS } from '../support/shop.js';

const server = await startTestServer();
const rest = createRestClient(server);
after(() => server.stop());
afterEach(async () => {
  server.kernel.setAvailable(true);
  const { body } = await rest<{ items: { name: string }[] }>('GET', CLUSTERS);
  for (const { name } of body.items) await rest('DELETE', `${CLUSTERS}/${name}?cascade=true&drain=false`);
});

interface Options {
  readonly input?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

async function lvsadm(line: string, { input = '', environment = {} }: Options = {}) {
  let [stdout, stderr] = ['', ''];
  const status = await main(line.split(' '), {
    environment: { LVSD_SERVER: server.url, LVSD_TOKEN: server.adminToken, ...environment },
    input: async () => input,
    print: (text) => {
      stdout += text;
    },
    complain: (text) => {
      stderr += text;
    },
  });
  return { status, stdout, stderr };
}

async function done(line: string, options?: Options): Promise<string> {
  const { status, stdout, stderr } = await lvsadm(line, options);
  assert.deepEqual([status, stderr], [0, ''], line);
  return stdout;
}

async function definition(cluster: string): Promise<Definition> {
  return (await rest<Definition>('GET', `${CLUSTERS}/${cluster}/definition`)).body;
}

async function events(query: string): Promise<AuditEvent[]> {
  return (await rest<{ items: AuditEvent[] }>('GET', `/v1/audit-events?pageSize=1000&${query}`)).body.items;
}

test('the first service makes the cluster ipvsadm, and names tell the addresses', async () => {
  await done('-A -t 192.0.2.1:80 -s rr -p 60');
  await done('-a -t 192.0.2.1:80 -r 10.0.0.1:8080 -m -w 3 -x 9');
  const { virtualServices, spec } = await definition('ipvsadm');
  assert.equal(spec.description, 'Services made with lvsadm.');
  assert.deepEqual(Object.keys(virtualServices), ['tcp-192-0-2-1-80']);
  const service = virtualServices['tcp-192-0-2-1-80'];
  assert.deepEqual(service?.spec.persistence, { timeoutSeconds: 60, prefixLength: 32, engine: null });
  const server = service?.realServers['10-0-0-1-8080']?.spec;
  assert.deepEqual([server?.weight, server?.upperThreshold, server?.forwarding], [3, 9, { method: 'nat' }]);
});

test('options say where new services go and why, anywhere on the line; so does the environment', async () => {
  await done('--cluster web -A -t 192.0.2.1:80 --reason ticket-1');
  await done('-A -t 192.0.2.2:80', { environment: { LVSADM_CLUSTER: 'dns', LVSADM_REASON: 'Störung 2' } });
  assert.deepEqual(Object.keys((await definition('web')).virtualServices), ['tcp-192-0-2-1-80']);
  assert.deepEqual(Object.keys((await definition('dns')).virtualServices), ['tcp-192-0-2-2-80']);
  const created = await events('action=createVirtualService&kind=change');
  assert.deepEqual(
    created.slice(0, 2).map(({ reason }) => reason),
    ['Störung 2', 'ticket-1'],
  );
  const { status, stderr } = await lvsadm('--cluster Web -L');
  assert.deepEqual(
    [status, stderr],
    [2, 'lvsadm: --cluster is "Web": it must be 1 to 63 of a-z, 0-9 and -, with no - at either end.\n'],
  );
  assert.equal((await lvsadm('-L --project')).status, 2);
});

test('what the API made in any cluster is edited and deleted by its frontend', async () => {
  const spec = { protocol: 'tcp', address: '192.0.2.1', port: 80, scheduler: 'rr' };
  const realServers = { blue: { labels: { rack: '7' }, spec: { address: '10.0.0.1', adminState: 'drain' } } };
  await rest('PUT', `${CLUSTERS}/shop/definition`, {
    body: { spec: { forwarding: { method: 'dr' } }, virtualServices: { http: { spec, realServers } } },
  });
  await done('-E -t 192.0.2.1:80 -s wrr');
  await done('-e -t 192.0.2.1:80 -r 10.0.0.1 -w 9 -i --tun-type gue --tun-port 6080');
  await done('-a -t 192.0.2.1:80 -r 10.0.0.2');
  const http = (await definition('shop')).virtualServices.http;
  assert.equal(http?.spec.scheduler, 'wrr');
  const blue = http?.realServers.blue;
  assert.deepEqual([blue?.labels, blue?.spec.weight, blue?.spec.adminState], [{ rack: '7' }, 9, 'active']);
  assert.deepEqual(blue?.spec.forwarding?.tunnel, { type: 'gue', port: 6080, checksum: 'none' });
  await done('-e -t 192.0.2.1:80 -r 10.0.0.1 -m');
  assert.deepEqual((await definition('shop')).virtualServices.http?.realServers.blue?.spec.forwarding, {
    method: 'nat',
  });
  await done('-d -t 192.0.2.1:80 -r 10.0.0.1');
  await done('-D -t 192.0.2.1:80');
  assert.deepEqual((await definition('shop')).virtualServices, {});
});

test('-C empties the cluster and leaves what others have', async () => {
  await done('-C');
  await done('-A -t 192.0.2.1:80');
  await done('--cluster web -A -t 192.0.2.2:80');
  await rest('PATCH', `${CLUSTERS}/ipvsadm`, { body: { labels: { team: 'ops' } } });
  await done('-C');
  assert.equal(await done('-Sn'), '-A -t 192.0.2.2:80 -s wlc\n');
  assert.deepEqual((await definition('ipvsadm')).labels, { team: 'ops' });
});

test('a name that is taken for something else does not stand in the way', async () => {
  const other = { protocol: 'udp', address: '192.0.2.9', port: 53 };
  await rest('PUT', `${CLUSTERS}/ipvsadm/definition`, {
    body: { virtualServices: { 'tcp-192-0-2-1-80': { spec: other } } },
  });
  await done('-A -t 192.0.2.1:80');
  assert.deepEqual(Object.keys((await definition('ipvsadm')).virtualServices).sort(), [
    'tcp-192-0-2-1-80',
    'tcp-192-0-2-1-80-2',
  ]);
});

const MANY = Array.from({ length: 300 }, (_, service) => [
  `-A -t 192.0.2.1:${1000 + service} -s rr`,
  ...Array.from(
    { length: 9 },
    (_, host) => `-a -t 192.0.2.1:${1000 + service} -r 10.0.0.${host + 1} -w ${host}`,
  ),
]).flat();

test('thousands of lines are restored with one write', async () => {
  await done('-R', { input: MANY.join('\n') });
  assert.equal((await done('-Sn')).split('\n').length, MANY.length + 1);
  const newest = await events('kind=change');
  assert.equal(newest.length, 1000);
  assert.deepEqual([...new Set(newest.map(({ action }) => action))], ['replaceDefinition']);
  assert.equal(new Set(newest.map(({ requestId }) => requestId)).size, 1);
});

test('a line that is refused among many costs itself alone, whatever it is refused for', async () => {
  await rest('PUT', `${CLUSTERS}/shop/definition`, {
    body: { virtualServices: { http: { spec: { protocol: 'tcp', address: '192.0.2.2', port: 80 } } } },
  });
  const lines = [
    ...MANY.slice(0, 60),
    '-A -t 192.0.2.2:80',
    '-a -t 192.0.2.2:80 -r 10.0.0.1',
    ...MANY.slice(60, 90),
    '-a -t 192.0.2.1:1000 -r 224.0.0.1',
    '-e -t 192.0.2.1:1000 -r 10.0.0.1 -w 77',
    '-A -t 192.0.2.3:80 -s nosuch',
    '-E -t 192.0.2.1:1001 -s wrr',
    '-d -t 192.0.2.1:1001 -r 10.0.0.1',
    '-D -t 192.0.2.1:1002',
    '-a -t 192.0.2.77:80 -r 10.0.0.1',
  ];
  const { status, stderr } = await lvsadm('-R', { input: lines.join('\n') });
  assert.equal(status, 255);
  assert.deepEqual(
    stderr.split('\n').filter((line) => line !== '' && !line.startsWith('lvsadm: ')),
    [
      'Service already exists',
      'Invalid operation.  Possibly wrong module version, address not unicast, ...',
      'Scheduler or persistence engine not found',
      'Service not defined',
    ],
  );
  const saved = (await done('-Sn')).trim().split('\n');
  assert.equal(saved.length, 90 - 10 - 1 + 2);
  assert.ok(saved.includes('-a -t 192.0.2.1:1000 -r 10.0.0.1:1000 -g -w 77'));
  assert.ok(saved.includes('-A -t 192.0.2.1:1001 -s wrr'));
  assert.ok(saved.includes('-a -t 192.0.2.2:80 -r 10.0.0.1:80 -g -w 1'));
});

test('who may not, and who reaches nobody, is told so with an exit status of its own', async () => {
  const viewer = { LVSD_TOKEN: await server.createToken('viewer') };
  assert.equal((await lvsadm('-Ln', { environment: viewer })).status, 0);
  for (const [environment, wanted] of [
    [viewer, /^lvsadm: .*(createVirtualService|replaceDefinition)/],
    [{ LVSD_TOKEN: 'lvsd_none' }, /^lvsadm: .*LVSD_TOKEN\.\n$/],
    [{ LVSD_SERVER: 'http://127.0.0.1:1' }, /^lvsadm: .* cannot be reached .*start "lvsd serve"/],
  ] as const) {
    const input = '-A -t 192.0.2.1:80\n-A -t 192.0.2.2:80\n';
    for (const line of ['-A -t 192.0.2.1:80', '-R']) {
      const { status, stdout, stderr } = await lvsadm(line, { environment, input });
      assert.deepEqual([status, stdout, stderr.split('\n').length], [3, '', 2], stderr);
      assert.match(stderr, wanted);
    }
  }
});

test('a caller bound to a project changes what is there, and does not see the kernel', async () => {
  const environment = { LVSD_TOKEN: await server.createToken('editor', 'default') };
  const virtualServices = { dns: { spec: { fwmark: 7, family: 'ipv4' } } };
  await rest('PUT', `${CLUSTERS}/shop/definition`, { body: { virtualServices } });
  const input = '-A -t 192.0.2.1:80\n-a -t 192.0.2.1:80 -r 10.0.0.1\n';
  await done('-R', { environment, input });
  await done('-a -t 192.0.2.1:80 -r 10.0.0.2:8080 -m', { environment });
  await done('-e -t 192.0.2.1:80 -r 10.0.0.1 -w 5', { environment });
  await done('-E -f 7 -s rr', { environment });
  await done('-a -f 7 -r 10.0.0.3', { environment });
  await done('-d -f 7 -r 10.0.0.3', { environment });
  assert.deepEqual(await lvsadm('-A -f 7', { environment }), {
    status: 255,
    stdout: '',
    stderr: 'Service already exists\n',
  });
  assert.equal((await lvsadm('-D -t 192.0.2.9:80', { environment })).stderr, 'No such service\n');
  assert.equal((await lvsadm('-Ln', { environment })).status, 3);
  assert.equal(
    await done('-Sn'),
    '-A -t 192.0.2.1:80 -s wlc\n-a -t 192.0.2.1:80 -r 10.0.0.1:80 -g -w 5\n' +
      '-a -t 192.0.2.1:80 -r 10.0.0.2:8080 -m -w 1\n-A -f 7 -s rr\n',
  );
});

test('what others made is not taken over, even if it is just what is asked for', async () => {
  const foreign = { protocol: 'tcp', address: '192.0.2.1', port: 80 } as const;
  const other = server.kernel.open();
  await other.apply([newService(foreign), newDestination(foreign, { address: '10.0.0.1', port: 80 })]);
  const single = await lvsadm('-A -t 192.0.2.1:80');
  const restored = await lvsadm('-R', {
    input: '-A -t 192.0.2.1:80\n-a -t 192.0.2.1:80 -r 10.0.0.1\n-A -t 192.0.2.2:80\n',
  });
  assert.match(single.stderr, /^Service already exists\nlvsadm: lvsd did not make .*adoptions\.\n$/);
  assert.match(restored.stderr, /^Service already exists\nlvsadm: .*\nDestination already exists\n$/);
  assert.deepEqual([single.status, restored.status], [255, 0]);
  assert.deepEqual(Object.keys((await definition('ipvsadm')).virtualServices), ['tcp-192-0-2-2-80']);
  await other.apply([{ command: 'DEL_SERVICE', key: 'tcp/192.0.2.1:80', frontend: foreign }]);
});

test('while the kernel is away changes are stored, and the command does not end well', async () => {
  await done('-A -t 192.0.2.1:80');
  server.kernel.setAvailable(false);
  const { status, stderr } = await lvsadm('-A -t 192.0.2.2:80');
  assert.deepEqual(
    [status, stderr],
    [3, 'lvsadm: Stored, but the kernel cannot be reached: lvsd keeps trying.\n'],
  );
  assert.equal((await lvsadm('-Ln')).status, 3);
  server.kernel.setAvailable(true);
  await rest('POST', '/v1/directors/local/reconciliations');
  assert.equal(await done('-Sn'), '-A -t 192.0.2.1:80 -s wlc\n-A -t 192.0.2.2:80 -s wlc\n');
});

test('the installed command does all of it', async () => {
  const command = fileURLToPath(new URL('../../../bin/lvsadm', import.meta.url));
  const env = { ...process.env, LVSD_SERVER: server.url, LVSD_TOKEN: server.adminToken };
  const run = (args: string[], input = '') =>
    new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
      const child = execFile(command, args, { env }, (error, stdout, stderr) =>
        resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
      );
      child.stdin?.end(input);
    });
  assert.deepEqual(await run(['-R'], '-A -t 192.0.2.1:80\n-a -t 192.0.2.1:80 -r 10.0.0.1\n'), {
    code: 0,
    stdout: '',
    stderr: '',
  });
  const saved = '-A -t 192.0.2.1:80 -s wlc\n-a -t 192.0.2.1:80 -r 10.0.0.1:80 -g -w 1\n';
  assert.deepEqual(await run(['-Sn']), { code: 0, stdout: saved, stderr: '' });
  assert.deepEqual(await run(['-A', '-t', '192.0.2.1:80']), {
    code: 255,
    stdout: '',
    stderr: 'Service already exists\n',
  });
});

test('its help names every command and option, and itself', async () => {
  const help = await done('-h');
  for (const { long, short } of [...Object.values(COMMANDS), ...OPTIONS]) {
    assert.match(help, new RegExp(`--${long}\\b`), long);
    for (const letter of short) assert.match(help, new RegExp(`(^| )-${letter}\\b`, 'm'), letter);
  }
  for (const { flag, variable } of OWN_SETTINGS)
    assert.ok(help.includes(flag) && help.includes(variable), flag);
  assert.match(await done('--version'), /^lvsadm \d+\.\d+\.\d+ \(command line of ipvsadm 1\.31/);
});
