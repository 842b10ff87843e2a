import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Cluster } from '../../src/domain/schema/resource.js';
import {
  authorize,
  execute,
  openAuthorize,
  openDocs,
  openOperation,
  startBrowser,
  watchPage,
} from '../support/browser.js';
import { makeCertificate } from '../support/certificate.js';
import { createRestClient } from '../support/rest-client.js';
import { screenshot } from '../support/screenshots.js';
import { startTestServer } from '../support/server.js';
import { SHOP } from '../support/shop.js';

/** By a name, so that pictures do not show a port that is another one each time. */
const HOME = 'http://lvs.example.net';

const server = await startTestServer({ allowedHosts: ['lvs.example.net'] });
const rest = createRestClient(server);
const browser = await startBrowser({ hosts: { 'lvs.example.net:80': server.url.replace('http://', '') } });

after(async () => {
  await browser.close();
  await server.stop();
});

test('a person authorises, creates a cluster, and reads what is wrong with the second', async () => {
  const page = await browser.context.newPage();
  const faults = watchPage(page, HOME);
  await openDocs(page, HOME);
  assert.match((await page.locator('.info').textContent()) ?? '', /no packet is balanced/);
  await screenshot(page, 'list', page.locator('.scheme-container'));

  const create = await openOperation(page, 'Clusters', 'createCluster');
  const refused = await execute(create);
  assert.equal(refused.status, '401');
  assert.match(refused.text, /admin-token/);

  await page.evaluate('scrollTo(0, 0)');
  await openAuthorize(page, server.adminToken);
  await screenshot(page, 'authorize');
  await page.locator('.modal-ux .authorize').click();
  await page.locator('.modal-ux .btn-done').click();

  const created = await execute(create);
  assert.equal(created.status, '201');
  assert.match(created.text, /"name": "shop"/);
  assert.equal((await rest<Cluster>('GET', SHOP)).body.spec.description, 'Web shop');
  await screenshot(page, 'try-it-out', create.locator('.request-url'));

  const taken = await execute(create);
  assert.equal(taken.status, '409');
  assert.match(taken.text, /NAME_TAKEN/);
  assert.match(taken.text, /choose another name/);

  await create
    .locator('.body-param__text')
    .fill('{ "name": "Web Shop", "spec": { "forwarding": { "method": "routed" } } }');
  const invalid = await execute(create);
  assert.equal(invalid.status, '400');
  assert.match(invalid.text, /"pointer": "\/name"/);
  assert.match(invalid.text, /"pointer": "\/spec\/forwarding\/method"/);
  await screenshot(page, 'validation-error', create.locator('.live-responses-table'));
  assert.deepEqual(faults, []);
  await page.close();
});

test('examples work as they stand, one after the other on a fresh server: paths, queries, bodies, deletion', async () => {
  const fresh = await startTestServer();
  after(() => fresh.stop());
  const page = await browser.context.newPage();
  await openDocs(page, fresh.url);
  await authorize(page, fresh.adminToken);
  for (const [tag, operationId, expected] of [
    ['Clusters', 'createCluster', '201'],
    ['Virtual services', 'createVirtualService', '201'],
    ['Real servers', 'createRealServer', '201'],
    ['Real servers', 'updateRealServer', '200'],
    ['Definitions', 'getDefinition', '200'],
    ['Kernel', 'getTable', '200'],
    ['Real servers', 'deleteRealServer', '204'],
  ] as const) {
    const { status, text } = await execute(await openOperation(page, tag, operationId));
    assert.equal(status, expected, `${operationId}: ${text}`);
  }
  await page.close();
});

test('under TLS the page is the same', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'lvsd-docs-tls-'));
  const secure = await startTestServer({ tls: makeCertificate(directory, 'localhost') });
  t.after(async () => {
    await secure.stop();
    rmSync(directory, { recursive: true });
  });
  const home = `https://127.0.0.1:${secure.running.http.port}`;
  const page = await browser.context.newPage();
  const faults = watchPage(page, home);
  await openDocs(page, home);
  await authorize(page, secure.adminToken);
  const { status } = await execute(await openOperation(page, 'Clusters', 'createCluster'));
  assert.equal(status, '201');
  assert.deepEqual(faults, []);
  await page.close();
});

test('the token outlives a reload and ends with the tab', async () => {
  const page = await browser.context.newPage();
  await openDocs(page, HOME);
  const list = async () => (await execute(await openOperation(page, 'Clusters', 'listClusters'))).status;
  assert.equal(await list(), '401', 'a new tab knows nothing of the one before');
  await authorize(page, server.adminToken);
  assert.equal(await list(), '200');
  await page.reload();
  await page.locator('.opblock').first().waitFor();
  assert.equal(await list(), '200');
  await page.close();
});

test('words in the filter box find operations by name, path and summary', async () => {
  const page = await browser.context.newPage();
  await openDocs(page, HOME);
  const all = await page.locator('.opblock').count();
  const filter = page.locator('.operation-filter-input');
  for (const [words, expected] of [
    ['drift policy', ['getDriftPolicy', 'replaceDriftPolicy']],
    ['adoption', ['createAdoption']],
    ['GET /table', ['getTable']],
  ] as const) {
    await filter.fill(words);
    await page.waitForFunction(`document.querySelectorAll('.opblock').length < ${all}`);
    const ids = await page
      .locator('.opblock')
      .evaluateAll((blocks) => blocks.map(({ id }) => id.split('-').at(-1)));
    for (const id of expected) assert.ok(ids.includes(id), `${words}: ${ids}`);
    assert.ok(ids.length < 6, `${words}: ${ids}`);
  }
  await filter.fill('');
  await page.waitForFunction(`document.querySelectorAll('.opblock').length === ${all}`);
  await page.close();
});

test('a link leads to its operation, open', async () => {
  const page = await browser.context.newPage();
  await page.goto(`${HOME}/docs/#/Real%20servers/updateRealServer`);
  await page.locator('#operations-Real_servers-updateRealServer.is-open .execute').waitFor();
  await page.close();
});

test('groups have an order and a sentence each, and colours tell reading from writing', async () => {
  const page = await browser.context.newPage();
  await openDocs(page, HOME);
  const groups = await page
    .locator('.opblock-tag')
    .evaluateAll((headings) =>
      headings.map((heading) => [
        heading.getAttribute('data-tag'),
        heading.querySelector('small')?.textContent ?? '',
      ]),
    );
  assert.equal(groups[0]?.[0], 'Clusters');
  assert.equal(groups.at(-1)?.[0], 'Server');
  for (const [name, sentence] of groups) assert.match(sentence ?? '', /^[A-Z].{20,}\.$/, name ?? '');
  const colours = await page.evaluate<[method: string, colour: string][]>(
    `[...document.querySelectorAll('.opblock-summary-method')].map((method) =>
      [method.textContent, getComputedStyle(method).backgroundColor])`,
  );
  const reading = new Set(colours.filter(([method]) => method === 'GET').map(([, colour]) => colour));
  const writing = new Set(colours.filter(([method]) => method !== 'GET').map(([, colour]) => colour));
  assert.equal(reading.size, 1);
  assert.ok(writing.size >= 3);
  for (const colour of reading) assert.equal(writing.has(colour), false);
  await page.close();
});
