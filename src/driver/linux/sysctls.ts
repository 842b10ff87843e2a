import { readFile } from 'node:fs/promises';

const ROOT = '/proc/sys/';

/** Those of this process's network namespace. Null: there is none, or it may not be read. */
export async function readSysctls(paths: readonly string[]): Promise<ReadonlyMap<string, string | null>> {
  return new Map(await Promise.all(paths.map(async (path) => [path, await readSysctl(path)] as const)));
}

async function readSysctl(path: string): Promise<string | null> {
  try {
    return (await readFile(`${ROOT}${path}`, 'utf8')).trim();
  } catch {
    return null;
  }
}
