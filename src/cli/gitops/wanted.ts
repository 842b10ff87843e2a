/** The clusters that files and directories ask for. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { NAME_PATTERN, pathOf } from '../../domain/names.js';
import { type ClusterDocument, readClusterDocuments } from '../../formats/definition-documents.js';
import { CommandError } from '../command-error.js';

export interface WantedCluster {
  /** As messages call it. */
  readonly file: string;
  /** projects/P/clusters/C */
  readonly path: string;
  readonly document: ClusterDocument;
}

const EXTENSIONS = new Set(['.yaml', '.yml', '.json']);
const STDIN = '-';

/** In the order of their paths. Throws CommandError for all that is wrong with the files, each with its line. */
export async function readWanted(files: readonly string[], defaultProject: string): Promise<WantedCluster[]> {
  const faults: string[] = [];
  const wanted = new Map<string, WantedCluster>();
  for (const file of files.flatMap(expand)) {
    const read = readClusterDocuments(file === STDIN ? await textOf(process.stdin) : readText(file));
    faults.push(...read.faults.map(({ line, detail }) => `${file}:${line}: ${detail}`));
    for (const document of read.documents) {
      const cluster = document.cluster ?? (read.documents.length === 1 ? nameOfFile(file) : undefined);
      if (cluster === undefined) {
        faults.push(
          `${file}: neither the file's name nor the document says which cluster it is: add "cluster: NAME".`,
        );
        continue;
      }
      const path = pathOf({ project: document.project ?? defaultProject, cluster });
      const twin = wanted.get(path);
      if (twin) faults.push(`${file}: ${path} is defined in ${twin.file} too: remove one of them.`);
      wanted.set(path, { file, path, document });
    }
  }
  if (faults.length > 0) throw new CommandError(['Nothing was sent.', ...faults].join('\n'));
  if (wanted.size === 0) throw new CommandError(`There is no definition in ${files.join(', ')}.`);
  return [...wanted.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** A directory stands for the definitions in it and below. */
function expand(file: string): string[] {
  if (file === STDIN || !stat(file).isDirectory()) return [file];
  const entries = readdirSync(file).sort();
  return entries
    .filter((entry) => !entry.startsWith('.'))
    .map((entry) => join(file, entry))
    .flatMap((path) => {
      const found = stat(path);
      if (found.isDirectory()) return expand(path);
      return found.isFile() && EXTENSIONS.has(extname(path)) ? [path] : [];
    });
}

function nameOfFile(file: string): string | undefined {
  const name = basename(file, extname(file));
  return file !== STDIN && new RegExp(NAME_PATTERN).test(name) ? name : undefined;
}

function stat(file: string) {
  return orExplain(file, () => statSync(file));
}

function readText(file: string): string {
  return orExplain(file, () => readFileSync(file, 'utf8'));
}

function orExplain<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    throw new CommandError(`${file} cannot be read (${code}): check the path.`);
  }
}
