/** Imports point inward only: the table is the rule, and everything that it does not allow is a fault. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

/** What each part of src may import beside itself. A part is a file or a folder; the longest name that fits counts. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'domain/': ['domain/stretch.ts'],
  'domain/stretch.ts': [],
  'audit/': ['domain/'],
  'formats/': ['domain/'],
  'store/store.ts': ['domain/'],
  'store/sqlite/': ['store/store.ts', 'domain/', 'audit/', 'package-root.ts'],
  'archive/': ['domain/', 'audit/', 'store/store.ts'],
  'driver/driver.ts': ['domain/', 'driver/kernel-error.ts'],
  'driver/host.ts': ['domain/', 'driver/driver.ts'],
  'driver/kernel-error.ts': ['domain/'],
  'driver/memory.ts': ['domain/', 'driver/driver.ts', 'driver/kernel-error.ts', 'driver/memory/'],
  'driver/memory/': ['domain/'],
  'driver/wire/': ['driver/kernel-error.ts', 'domain/stretch.ts'],
  'driver/kernel-modules.ts': [],
  'driver/netlink/': [
    ...[
      'domain/',
      'domain/stretch.ts',
      'driver/driver.ts',
      'driver/kernel-error.ts',
      'driver/kernel-modules.ts',
      'driver/wire/',
    ],
  ],
  'driver/linux/': [
    ...['domain/', 'driver/host.ts', 'driver/driver.ts', 'driver/kernel-error.ts'],
    ...['driver/kernel-modules.ts', 'driver/wire/'],
  ],
  'driver/memory-host.ts': [
    ...['domain/', 'driver/driver.ts', 'driver/host.ts', 'driver/kernel-error.ts', 'driver/memory/'],
  ],
  'driver/director-driver.ts': ['domain/', 'driver/driver.ts', 'driver/host.ts'],
  'driver/select.ts': [
    ...['driver/director-driver.ts', 'driver/memory.ts', 'driver/memory-host.ts', 'driver/netlink/'],
    'driver/linux/',
  ],
  'reconcile/': [
    ...[
      'domain/',
      'store/store.ts',
      'driver/driver.ts',
      'driver/director-driver.ts',
      'driver/kernel-error.ts',
    ],
  ],
  'control/': ['archive/', 'domain/', 'formats/', 'store/store.ts', 'reconcile/', 'driver/kernel-error.ts'],
  'access/': ['config.ts', 'control/', 'domain/'],
  'api-rest/': ['control/', 'domain/', 'certificates.ts', 'client-certificate.ts', 'package-root.ts'],
  'api-grpc/': ['control/', 'domain/', 'certificates.ts', 'client-certificate.ts'],
  'client-certificate.ts': ['control/'],
  'metrics/': ['domain/', 'store/store.ts', 'reconcile/', 'driver/driver.ts', 'driver/director-driver.ts'],
  'certificates.ts': ['config.ts'],
  'config.ts': ['domain/', 'driver/select.ts'],
  'first-token.ts': ['control/', 'store/store.ts'],
  'shutdown.ts': [],
  'package-root.ts': [],
  'server.ts': [
    ...[
      'access/',
      'api-rest/',
      'api-grpc/',
      'archive/',
      'control/',
      'reconcile/',
      'store/store.ts',
      'store/sqlite/',
    ],
    ...[
      'metrics/',
      'package-root.ts',
      'driver/select.ts',
      'certificates.ts',
      'config.ts',
      'first-token.ts',
      'shutdown.ts',
    ],
  ],
  'cli/': [
    ...['archive/', 'server.ts', 'config.ts', 'first-token.ts', 'control/', 'domain/', 'formats/'],
    ...['store/store.ts', 'store/sqlite/', 'api-rest/', 'package-root.ts'],
  ],
};

/** Packages that one part has to itself, so that nothing else depends on how that part does its work. */
const KEPT_TO: Readonly<Record<string, string>> = {
  'better-sqlite3': 'store/sqlite/',
  koffi: 'driver/wire/',
  fastify: 'api-rest/',
  '@fastify': 'api-rest/',
  '@grpc': 'api-grpc/',
  '@bufbuild': 'api-grpc/',
  commander: 'cli/',
  'prom-client': 'metrics/',
  'rate-limiter-flexible': 'control/',
  jose: 'access/',
  rfc6902: 'domain/',
};

const source = fileURLToPath(new URL('../../../src', import.meta.url));

function partOf(file: string): string | undefined {
  return Object.keys(MAY_IMPORT)
    .filter((part) => (part.endsWith('/') ? file.startsWith(part) : file === part))
    .sort((a, b) => b.length - a.length)[0];
}

/** Names of modules as the text imports them, in whatever form. */
function importsOf(text: string): string[] {
  const forms = [
    /^(?:import|export)\b[^;'"]*?\bfrom\s*['"]([^'"]+)['"]/gm,
    /^import\s*['"]([^'"]+)['"]/gm,
    /\bimport\(\s*['"]([^'"]+)['"]/g,
  ];
  return forms.flatMap((form) => [...text.matchAll(form)].map(([, name = '']) => name));
}

/** What is wrong with the imports of a file of src, a sentence each. */
function faults(file: string, text: string): string[] {
  const part = partOf(file);
  if (part === undefined) return [`${file} is in no part that the table knows`];
  return importsOf(text).flatMap((name) => {
    if (!name.startsWith('.')) {
      const owner = KEPT_TO[name.split('/')[0] ?? ''];
      return owner === undefined || owner === part ? [] : [`${file} imports ${name}, which is for ${owner}`];
    }
    const target = posix.join(posix.dirname(file), name).replace(/\.js$/, '.ts');
    const there = partOf(target);
    const isAllowed = there !== undefined && (there === part || MAY_IMPORT[part]?.includes(there));
    return isAllowed ? [] : [`${file} imports ${target}`];
  });
}

function sourceFiles(): string[] {
  const found = readdirSync(source, { recursive: true, encoding: 'utf8' });
  return found.filter((file) => file.endsWith('.ts')).sort();
}

test('imports in src point inward only', () => {
  const files = sourceFiles();
  assert.ok(files.includes('domain/plan.ts') && files.includes('server.ts'));
  assert.deepEqual(
    files.flatMap((file) => faults(file, readFileSync(join(source, file), 'utf8'))),
    [],
  );
});

test('an import that points outward is found in every form it can have', () => {
  for (const text of [
    "import { Store } from '../store/store.js';",
    "import type {\n  Store,\n} from '../store/store.js';",
    "export { type Store } from '../store/store.js';",
    "export * from '../store/store.js';",
    "import '../store/store.js';",
    "const later = await import('../store/store.js');",
  ]) {
    assert.deepEqual(faults('domain/plan.ts', text), ['domain/plan.ts imports store/store.ts']);
  }
});

test('a port does not open the way to what is behind it', () => {
  const fault = (file: string, name: string) => faults(file, `import { x } from '${name}';`).length;
  assert.equal(fault('control/resources.ts', '../store/store.js'), 0);
  assert.equal(fault('control/resources.ts', '../store/sqlite/rows.js'), 1);
  assert.equal(fault('reconcile/pass.ts', '../driver/driver.js'), 0);
  assert.equal(fault('reconcile/pass.ts', '../driver/memory.js'), 1);
  assert.equal(fault('control/control.ts', 'better-sqlite3'), 1);
  assert.equal(fault('api-grpc/server.ts', 'fastify'), 1);
  assert.equal(fault('api-rest/app.ts', '@fastify/swagger'), 0);
});

test('a file in a folder that nobody gave a place is a fault', () => {
  assert.deepEqual(faults('helpers/misc.ts', ''), ['helpers/misc.ts is in no part that the table knows']);
  assert.deepEqual(faults('store/postgres/rows.ts', ''), [
    'store/postgres/rows.ts is in no part that the table knows',
  ]);
});
