/** Pictures of what a browser test sees: for docs/images with LVSD_SCREENSHOTS=docs (`npm run screenshots`), else for a look. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Locator, Page } from 'playwright-core';

const FOLDERS = { docs: '../../../docs/images/', test: '../../test-screenshots/' };

const forDocs = process.env.LVSD_SCREENSHOTS === 'docs';
const folder = fileURLToPath(new URL(forDocs ? FOLDERS.docs : FOLDERS.test, import.meta.url));

/** Of what the window shows, with `focus` at its top. */
export async function screenshot(page: Page, name: string, focus?: Locator): Promise<void> {
  mkdirSync(folder, { recursive: true });
  await focus?.evaluate((element) => element.scrollIntoView({ block: 'start', behavior: 'instant' }));
  await page.screenshot({ path: join(folder, `swagger-${name}.png`), animations: 'disabled' });
}
