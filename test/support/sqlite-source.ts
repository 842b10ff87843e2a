import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { createSqliteStore } from '../../src/store/sqlite/sqlite-store.js';
import type { Store } from '../../src/store/store.js';

/** A directory that goes away with the test. */
export function temporaryDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'lvsd-test-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** A database file of the test's own, and stores on it that are closed when it ends. */
export function sqliteSource(t: TestContext) {
  const stores: Store[] = [];
  t.after(() => {
    for (const store of stores) store.close();
  });
  const file = join(temporaryDirectory(t), 'lvsd.db');
  return {
    file,
    open(options: { readonly clock?: () => number } = {}): Store {
      const store = createSqliteStore({ file, ...options });
      stores.push(store);
      return store;
    },
  };
}
