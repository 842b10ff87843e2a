/** Swagger UI in Chromium, as a person uses it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Locator, type Page } from 'playwright-core';

export interface Browser {
  readonly context: BrowserContext;
  close(): Promise<void>;
}

interface BrowserOptions {
  /** `HOST:PORT` of this machine that the name stands for. */
  readonly hosts?: Readonly<Record<string, string>>;
}

export async function startBrowser({ hosts = {} }: BrowserOptions = {}): Promise<Browser> {
  const profile = mkdtempSync(join(tmpdir(), 'lvsd-browser-'));
  const rules = Object.entries(hosts).map(([name, address]) => `MAP ${name} ${address}`);
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: '/usr/bin/chromium',
    headless: true,
    ignoreHTTPSErrors: true,
    viewport: { width: 1100, height: 640 },
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
      `--host-resolver-rules=${rules.join(', ')}`,
    ],
  });
  return {
    context,
    async close() {
      await context.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}

/** Everything that the page complained about or asked elsewhere; refusals that a test provokes are not among it. */
export function watchPage(page: Page, home: string): string[] {
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' && !/status of 4\d\d/.test(message.text())) faults.push(message.text());
  });
  page.on('request', (request) => {
    const { origin, protocol } = new URL(request.url());
    if (protocol !== 'data:' && origin !== home) faults.push(`asked ${request.url()}`);
  });
  return faults;
}

export async function openDocs(page: Page, url: string): Promise<void> {
  await page.goto(`${url}/docs/`);
  await page.locator('.opblock').first().waitFor();
}

/** Opens an operation, unless it is open, and gives its block. */
export async function openOperation(page: Page, tag: string, operationId: string): Promise<Locator> {
  const block = page.locator(`[id="operations-${tag.replaceAll(' ', '_')}-${operationId}"]`);
  const isOpen = await block.evaluate((element) => element.classList.contains('is-open'));
  if (!isOpen) await block.locator('.opblock-summary-control').click();
  await block.locator('.execute').waitFor();
  return block;
}

/** Sends the request of an open operation as it stands and gives the status and text that the page shows. */
export async function execute(block: Locator): Promise<{ status: string; text: string }> {
  await block.locator('.execute').click();
  const answer = block.locator('.live-responses-table .response');
  await block.locator('.loading-container').waitFor({ state: 'detached' });
  await answer.waitFor();
  return {
    status: ((await answer.locator('.response-col_status').textContent()) ?? '').trim(),
    text: (await answer.locator('.response-col_description').textContent()) ?? '',
  };
}

export async function openAuthorize(page: Page, token: string): Promise<void> {
  await page.locator('.auth-wrapper .authorize').first().click();
  await page.locator('.modal-ux input').fill(token);
}

export async function authorize(page: Page, token: string): Promise<void> {
  await openAuthorize(page, token);
  await page.locator('.modal-ux .authorize').click();
  await page.locator('.modal-ux .btn-done').click();
}
