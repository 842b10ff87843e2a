// The README's first calls where there is no IPVS: on the memory driver, with free ports in place of the default ones.
import { test } from 'node:test';
import { besideServer, freePort, pasteFirstCalls, readFirstCalls } from '../support/first-calls.js';

test('the first calls of the README do what it says, on the memory driver', async () => {
  const http = `127.0.0.1:${await freePort()}`;
  const variables = { LVSD_HTTP: http, LVSD_GRPC: '127.0.0.1:0', LVSD_DRIVER: 'memory' };
  await besideServer({ http, variables }, async (folder) => {
    const { script, table } = readFirstCalls();
    await pasteFirstCalls(folder, { script: script.replaceAll('127.0.0.1:8080', http), table });
  });
});
