import { pino } from 'pino';
import type { Control } from '../control/control.js';
import { buildRestApp } from './app.js';
import type { Meter } from './meter.js';

/** The document as `openapi/openapi.json` holds it; builds the app, which never listens and is never called. */
export async function buildOpenapiDocument(): Promise<object> {
  const app = await buildRestApp({
    control: {} as Control,
    logger: pino({ enabled: false }),
    meter: {} as Meter,
    driver: 'netlink',
    timeLimits: { headerMs: 0, requestMs: 0 },
  });
  const document = app.swagger();
  await app.close();
  return document;
}
