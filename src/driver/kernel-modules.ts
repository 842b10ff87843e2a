/** Names of the kernel's modules, as its module tree and the kernel itself show them. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface KernelFiles {
  /** `uname -r`. */
  readonly release: string;
  /** Directory of the module trees by release, usually /lib/modules. */
  readonly modulesDirectory: string;
}

/**
 * Modules that are loadable, built in or loaded, with underscores. Null where the module tree cannot be seen, as in a
 * container: the kernel loads from the host's tree, and what it finds there is not known beforehand.
 */
export async function readModuleNames({
  release,
  modulesDirectory,
}: KernelFiles): Promise<Set<string> | null> {
  const tree = join(modulesDirectory, release);
  const [loadable, builtIn, loaded] = await Promise.all([
    readText(join(tree, 'modules.dep')),
    readText(join(tree, 'modules.builtin')),
    readText('/proc/modules'),
  ]);
  if (loadable === undefined && builtIn === undefined) return null;
  const names = new Set<string>();
  for (const [, name] of `${loadable ?? ''}\n${builtIn ?? ''}`.matchAll(/\/([\w-]+)\.ko[.\w]*(?=:|$)/gm)) {
    if (name) names.add(name.replaceAll('-', '_'));
  }
  for (const [, name] of (loaded ?? '').matchAll(/^(\w+) /gm)) if (name) names.add(name);
  return names;
}

/** Whether the kernel may have this module now: not when its tree has it as a loadable one and it is not loaded. */
export async function mayBeInUse(name: string, { release, modulesDirectory }: KernelFiles): Promise<boolean> {
  const loaded = await readText('/proc/modules');
  if (loaded === undefined || new RegExp(`^${name} `, 'm').test(loaded)) return true;
  const loadable = await readText(join(modulesDirectory, release, 'modules.dep'));
  return !loadable?.includes(`/${name}.ko`);
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    return undefined;
  }
}
