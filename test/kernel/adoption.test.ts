// A live director is taken over: its table made by hand or by keepalived, its connections running.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, test } from 'node:test';
import type { Adoption, AdoptionPreview } from '../../src/domain/schema/adoption.js';
import type { AuditEvent } from '../../src/domain/schema/audit-event.js';
import type { Director, Drift, Reconciliation } from '../../src/domain/schema/director.js';
import {
  addRealServer,
  createDirectorNetwork,
  fetchFromVip,
  VIP,
  WEB_PORT,
} from '../support/director-network.js';
import { CLUSTERS } from '../support/doors.js';
import { DOWNLOAD_BYTES } from '../support/drain-web.js';
import { handMadeLines } from '../support/hand-made-table.js';
import { counters, ipvsadm, kernelOrder, loads, savedLines, thresholds } from '../support/ipvsadm.js';
import {
  createKernelServer,
  eventually,
  explained,
  type KernelServer,
  NO_INTERVAL,
  whenFileEnds,
} from '../support/kernel-server.js';
import { type NetlinkWatch, watchNetlink } from '../support/netlink-watch.js';

const SERVICES = 500;
/** To repeat a run, give the seed that it printed in LVSD_SEED. */
const SEED = Number(process.env.LVSD_SEED ?? Date.now() % 2 ** 31);
const RED = '10.92.1.2';
/** The service of the download, and one that keeps a destination of others. */
const WEB = [
  `-A -t ${VIP}:8001 -s rr`,
  `-a -t ${VIP}:8001 -r ${RED}:${WEB_PORT} -m -w 1`,
  '-A -t 10.8.0.5:80 -s rr',
];
/** What a definition cannot say, and why not; their destinations stay out with services. */
const BEYOND: readonly (readonly [line: string, key: string, reason: string])[] = [
  ['-A -t 10.8.0.1:80 -s none', 'tcp/10.8.0.1:80', 'NOT_EXPRESSIBLE'],
  ['-a -t 10.8.0.1:80 -r 10.8.1.1:80 -g', 'tcp/10.8.0.1:80->10.8.1.1:80', 'SERVICE_LEFT_OUT'],
  ['-A -t 10.8.0.2:80 -s rr -b flag-1', 'tcp/10.8.0.2:80', 'NOT_EXPRESSIBLE'],
  ['-A -u 10.8.0.3:80 -s wlc -p 300 -M 255.0.255.0', 'udp/10.8.0.3:80', 'NOT_EXPRESSIBLE'],
  ['-A -t 224.0.0.8:80 -s rr', 'tcp/224.0.0.8:80', 'ADDRESS_NOT_UNICAST'],
  ['-A -t 10.8.0.4:80 -s rr -p 300 --pe sip', 'tcp/10.8.0.4:80', 'SIP_ENGINE_NEEDS_UDP'],
  ['-a -t 10.8.0.5:80 -r 10.8.1.2:80 -m -w 65536', 'tcp/10.8.0.5:80->10.8.1.2:80', 'NOT_EXPRESSIBLE'],
];
const ADOPTIONS = '/v1/directors/local/adoptions';

let server: KernelServer;
let watch: NetlinkWatch;
let adoptable = 0;

before(async () => {
  createDirectorNetwork();
  await addRealServer('red', '10.92.1');
  const lines = [...handMadeLines(SERVICES - 2, SEED), ...WEB];
  adoptable = lines.length;
  restore([...lines, ...BEYOND.map(([line]) => line)]);
  assert.equal((await savedLines()).length, adoptable + BEYOND.length);
  watch = watchNetlink();
  whenFileEnds(() => watch.close());
  server = await createKernelServer({ intervalSeconds: NO_INTERVAL });
});

function restore(lines: readonly string[]): void {
  const { status, stderr } = spawnSync('ipvsadm', ['-R'], {
    input: `${lines.join('\n')}\n`,
    encoding: 'utf8',
  });
  assert.deepEqual([status, stderr], [0, '']);
}

/** Everything that ipvsadm can tell of the table, and the order that the kernel has it in. */
async function table() {
  return { saved: await savedLines(), thresholds: await thresholds(), order: await kernelOrder() };
}

async function events(query: string): Promise<readonly AuditEvent[]> {
  return (await server.rest.get<{ items: AuditEvent[] }>(`/v1/audit-events?pageSize=1000&${query}`)).items;
}

async function lastOutcome(): Promise<Reconciliation['outcome'] | undefined> {
  return (await server.rest.get<Director>('/v1/directors/local')).lastReconciliation?.outcome;
}

test('500 hand-made services are adopted while a client downloads, and the kernel is told nothing', async (t) => {
  t.diagnostic(`seed ${SEED}: ${adoptable} entries to adopt, ${BEYOND.length} beyond words`);
  const made = await table();
  await server.start();
  await explained(t, server, async () => {
    const body = { cluster: 'legacy', description: 'made by hand', select: { all: true } };
    const shown = await server.rest.call<AdoptionPreview>('POST', `${ADOPTIONS}?validateOnly=true`, { body });
    assert.equal(shown.status, 200);
    assert.deepEqual(shown.body.operations, []);
    assert.equal(Object.keys(shown.body.definition?.virtualServices ?? {}).length, SERVICES);

    const download = fetchFromVip(8001, '/download/3');
    let isOver = false;
    download.bytes.finally(() => (isOver = true)).catch(() => undefined);
    assert.equal(await download.server, 'red');
    const started = performance.now();
    const { status, body: adoption } = await server.rest.call<Adoption>('POST', ADOPTIONS, { body });
    t.diagnostic(`adopted in ${Math.round(performance.now() - started)} ms`);
    await server.end('SIGKILL');
    assert.equal(isOver, false, 'the download was to be longer than the adoption');
    assert.deepEqual([status, adoption.adopted.length], [201, adoptable]);
    assert.deepEqual(
      new Map(adoption.leftOut.map(({ key, reason }) => [key, reason])),
      new Map(BEYOND.map(([, key, reason]) => [key, reason])),
    );
    await server.start();
    assert.equal(await lastOutcome(), 'clean', 'a start after kill -9 found something to do');
    const forced = await server.rest.call<Reconciliation>('POST', '/v1/directors/local/reconciliations');
    assert.deepEqual([forced.body.drift, forced.body.operations], [0, 0]);
    const { differences, foreign } = await server.rest.get<Drift>('/v1/directors/local/drift');
    assert.deepEqual([differences, foreign.length], [[], BEYOND.length]);

    assert.equal(await download.bytes, 3 * DOWNLOAD_BYTES);
    assert.deepEqual(watch.writes(), {});
    assert.ok(watch.reads > SERVICES, `the watch saw ${watch.reads} readings`);
    assert.deepEqual(await table(), made);
    assert.deepEqual(
      (await events('kind=apply')).map(({ resource, operations, after }) => [
        resource,
        operations,
        after?.adopted,
      ]),
      [['directors/local', [], adoptable]],
    );
    await eventually(10_000, async () => {
      const [connections = 0] = (await counters()).get(`TCP ${VIP}:8001 -> ${RED}:${WEB_PORT}`) ?? [];
      assert.equal(connections, 1, 'the counter of the adopted real server did not go on');
    });
  });
});

test('what was adopted is changed in place, repaired, and removed without what stayed foreign', (t) =>
  explained(t, server, async () => {
    const url = `${CLUSTERS}/legacy/virtual-services/tcp-${VIP.replaceAll('.', '-')}-8001`;
    const red = `${url}/real-servers/${RED.replaceAll('.', '-')}-${WEB_PORT}`;
    const patch = { body: { spec: { weight: 7 } } };
    assert.equal((await server.rest.call('PATCH', red, patch)).status, 200);
    assert.deepEqual(watch.writes(), { SET_DEST: 1 });
    const weight = async () => (await loads(['-t', `${VIP}:8001`])).get(`${RED}:${WEB_PORT}`)?.weight;
    assert.equal(await weight(), 7);

    await ipvsadm('-e', '-t', `${VIP}:8001`, '-r', `${RED}:${WEB_PORT}`, '-m', '-w', '1');
    await server.rest.call('POST', '/v1/directors/local/reconciliations');
    assert.equal(await weight(), 7);
    assert.deepEqual(watch.writes(), { SET_DEST: 2 });

    assert.equal(
      (await server.rest.call('DELETE', `${CLUSTERS}/legacy?cascade=true&drain=false`)).status,
      204,
    );
    assert.deepEqual(watch.writes(), { DEL_SERVICE: SERVICES });
    assert.equal(
      (await savedLines()).length,
      BEYOND.length - 1,
      'what stayed foreign is there, but for 10.8.0.5',
    );
  }));

test('a service of keepalived is adopted, and stays when keepalived is stopped and killed', (t) =>
  explained(t, server, async () => {
    const file = join(await mkdtemp(join(tmpdir(), 'lvsd-adoption-')), 'keepalived.conf');
    const text =
      'virtual_server 10.7.0.1 80 {\n lb_algo wrr\n lb_kind NAT\n protocol TCP\n real_server 10.7.1.1 8080 {\n weight 5\n }\n}\n';
    await writeFile(file, text, { mode: 0o644 });
    const keepalived = spawn('keepalived', ['--check', '--dont-fork', '--use-file', file], {
      stdio: 'ignore',
    });
    whenFileEnds(() => keepalived.kill('SIGKILL'));
    const lines = ['-A -t 10.7.0.1:80 -s wrr', '-a -t 10.7.0.1:80 -r 10.7.1.1:8080 -m -w 5'];
    const theirs = async () => (await savedLines()).filter((line) => line.includes('10.7.0.1'));
    await eventually(20_000, async () => assert.deepEqual(await theirs(), lines));
    watch.writes();

    const body = { cluster: 'keepalived', select: { prefixes: ['10.7.0.0/24'] } };
    const { status, body: adoption } = await server.rest.call<Adoption>('POST', ADOPTIONS, { body });
    assert.deepEqual([status, adoption.adopted.length, adoption.leftOut], [201, 2, []]);
    // a parent that dies alone has its child clean up
    for (const signal of ['STOP', 'KILL']) spawnSync('pkill', [`-${signal}`, '-x', 'keepalived']);
    await eventually(5_000, async () => assert.equal(spawnSync('pgrep', ['-x', 'keepalived']).status, 1));
    await server.rest.call('POST', '/v1/directors/local/reconciliations');
    assert.deepEqual([await theirs(), watch.writes()], [lines, {}]);
  }));
