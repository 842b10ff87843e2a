import type { ChainTip } from '../audit/chain.js';
import { ArchiveFault, type VerifiedFile, verifyFile } from './verify-file.js';

export interface VerifiedFiles extends Pick<VerifiedFile, 'firstId' | 'lastId' | 'lastHash'> {
  /** Whether the asked event is in them, with that hash. */
  readonly hasMark: boolean;
}

/** Several files, in any order, as one chain without a hole. Rejects with ArchiveFault. */
export async function verifyFiles(paths: readonly string[], mark?: ChainTip): Promise<VerifiedFiles> {
  let hasMark = false;
  const watch = (event: ChainTip) => {
    if (mark !== undefined && event.id === mark.id) hasMark = event.hash === mark.hash;
  };
  const files: (VerifiedFile & { readonly path: string })[] = [];
  for (const path of paths) files.push({ path, ...(await verifyFile(path, { watch })) });
  files.sort((a, b) => a.firstId - b.firstId);
  for (const [index, { path, firstId, previousHash }] of files.entries()) {
    const before = files[index - 1];
    if (before === undefined || (before.lastId + 1 === firstId && before.lastHash === previousHash)) continue;
    const where = `${path} begins with event ${firstId}, and ${before.path} ends with ${before.lastId}`;
    throw new ArchiveFault(`${where}: they do not follow one another.`);
  }
  const [first, last] = [files[0], files.at(-1)];
  if (first === undefined || last === undefined) throw new ArchiveFault('There is no file to check.');
  return { firstId: first.firstId, lastId: last.lastId, lastHash: last.lastHash, hasMark };
}
