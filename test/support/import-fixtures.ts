/** The configurations of test/fixtures/import, written for this project. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createTextFiles } from '../../src/formats/config-files.js';
import { readIpvsadmSave } from '../../src/formats/ipvsadm/save.js';
import { readKeepalived } from '../../src/formats/keepalived/read.js';
import { readLdirectord } from '../../src/formats/ldirectord/read.js';
import type { ImportResult } from '../../src/formats/result.js';

/** The sources' folder: compiled tests lie one level deeper, under dist. */
export const FIXTURES = fileURLToPath(new URL('../../../test/fixtures/import', import.meta.url));

const SUFFIXES = { keepalived: '.conf', ldirectord: '.cf', ipvsadm: '.rules' } as const;
export type Format = keyof typeof SUFFIXES;

/** File names, sorted; parts that others include are not among them. */
export function fixtures(format: Format): string[] {
  return readdirSync(join(FIXTURES, format))
    .filter((name) => name.endsWith(SUFFIXES[format]))
    .sort();
}

export function fixtureText(format: Format, name: string): string {
  return readFileSync(join(FIXTURES, format, name), 'utf8');
}

export function readFixture(format: Format, name: string): ImportResult {
  const text = fixtureText(format, name);
  if (format === 'ipvsadm') return readIpvsadmSave(text, { file: name });
  if (format === 'ldirectord') return readLdirectord(text, { file: name });
  return readKeepalived(name, createTextFiles(keepalivedFiles()), { configId: 'director-a' });
}

function keepalivedFiles(): Record<string, string> {
  const names = readdirSync(join(FIXTURES, 'keepalived'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(FIXTURES, 'keepalived').length + 1));
  return Object.fromEntries(names.map((name) => [name, fixtureText('keepalived', name)]));
}
