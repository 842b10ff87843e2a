// npm start: from a fresh clone to a running server, in this process. Arguments go to `lvsd serve`.
import { launch } from './launch.mjs';
import { checkNode, ensureBuilt, ensureModules } from './prepare.mjs';

try {
  checkNode();
  ensureModules();
  ensureBuilt();
} catch (error) {
  console.error(`start: ${error.message}`);
  process.exit(1);
}
await launch('lvsd', ['serve', ...process.argv.slice(2)]);
