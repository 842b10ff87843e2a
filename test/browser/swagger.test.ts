import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { chromium, type Locator, type Page } from 'playwright-core';
import type { Cluster } from '../../src/domain/schema/resource.js';
import { createRestClient } from '../support/rest-client.js';
import { startTestServer } from '../support/server.js';
import { SHOP } from '../support/shop.js';

const screenshots = fileURLToPath(new URL('../../test-screenshots/', import.meta.url));
mkdirSync(screenshots, { recursive: true });

const server = await startTestServer();
const rest = createRestClient(server);
const profile = mkdtempSync(join(tmpdir(), 'lvsd-browser-'));
const browser = await chromium.launchPersistentContext(profile, {
  executablePath: '/usr/bin/chromium',
  headless: true,
  viewport: { width: 1280, height: 1000 },
  // No sandbox: tests may run as root. The rest keeps Chromium from calling anybody on its own account.
  args: [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
});

after(async () => {
  await browser.close();
  await server.stop();
  rmSync(profile, { recursive: true, force: true });
});

/** Everything that the page complained about or asked elsewhere; refusals that a test provokes are not among it. */
function watch(page: Page): string[] {
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' && !/status of 4\d\d/.test(message.text())) faults.push(message.text());
  });
  page.on('request', (request) => {
    const { origin, protocol } = new URL(request.url());
    if (protocol !== 'data:' && origin !== server.url) faults.push(`asked ${request.url()}`);
  });
  return faults;
}

async function openDocs(page: Page): Promise<void> {
  await page.goto(`${server.url}/docs/`);
  await page.locator('.opblock').first().waitFor();
}

/** Opens an operation, unless it is open, and gives its block. */
async function open(page: Page, tag: string, operationId: string): Promise<Locator> {
  const block = page.locator(`[id="operations-${tag}-${operationId}"]`);
  const isOpen = await block.evaluate((element) => element.classList.contains('is-open'));
  if (!isOpen) await block.locator('.opblock-summary-control').click();
  await block.locator('.execute').waitFor();
  return block;
}

/** Sends the request of an open operation as it stands and gives the status and text that the page shows. */
async function execute(block: Locator): Promise<{ status: string; text: string }> {
  await block.locator('.execute').click();
  const answer = block.locator('.live-responses-table .response');
  await block.locator('.loading-container').waitFor({ state: 'detached' });
  await answer.scrollIntoViewIfNeeded();
  return {
    status: ((await answer.locator('.response-col_status').textContent()) ?? '').trim(),
    text: (await answer.locator('.response-col_description').textContent()) ?? '',
  };
}

test('a person authorises in Swagger UI, creates a cluster, and reads what is wrong with the second', async () => {
  const page = await browser.newPage();
  const faults = watch(page);
  await openDocs(page);
  assert.match((await page.locator('.info').textContent()) ?? '', /no packet is balanced/);
  await page.screenshot({ path: join(screenshots, 'docs.png') });

  const create = await open(page, 'Clusters', 'createCluster');
  const refused = await execute(create);
  assert.equal(refused.status, '401');
  assert.match(refused.text, /admin-token/);

  await page.locator('.auth-wrapper .authorize').first().click();
  await page.locator('.modal-ux input').fill(server.adminToken);
  await page.locator('.modal-ux .authorize').click();
  await page.locator('.modal-ux .btn-done').click();

  const created = await execute(create);
  assert.equal(created.status, '201');
  assert.match(created.text, /"name": "shop"/);
  assert.equal((await rest<Cluster>('GET', SHOP)).body.spec.description, 'Web shop');
  await page.screenshot({ path: join(screenshots, 'created.png') });

  const taken = await execute(create);
  assert.equal(taken.status, '409');
  assert.match(taken.text, /NAME_TAKEN/);
  assert.match(taken.text, /choose another name/);
  await page.screenshot({ path: join(screenshots, 'taken.png') });
  assert.deepEqual(faults, []);
  await page.close();
});

test('the authorisation outlives a reload, and examples of the next kinds can be sent as they stand', async () => {
  const page = await browser.newPage();
  const faults = watch(page);
  await openDocs(page);
  const steps = [
    ['Virtual_services', 'createVirtualService', '201'],
    ['Real_servers', 'createRealServer', '201'],
    ['Directors', 'getTable', '200'],
    ['Audit', 'listAuditEvents', '200'],
  ] as const;
  for (const [tag, operationId, expected] of steps) {
    const { status, text } = await execute(await open(page, tag, operationId));
    assert.equal(status, expected, `${operationId}: ${text}`);
  }
  await page.screenshot({ path: join(screenshots, 'story.png') });
  assert.deepEqual(faults, []);
  await page.close();
});
