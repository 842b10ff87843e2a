/** Any configuration that can be imported, by the name of its format. */
import type { ConfigFiles } from './config-files.js';
import { readDefinition } from './definition-text.js';
import type { ImportFormat } from './guess.js';
import { readIpvsadmSave } from './ipvsadm/save.js';
import { readKeepalived } from './keepalived/read.js';
import { readLdirectord } from './ldirectord/read.js';
import type { ImportResult } from './result.js';

interface Source {
  /** How findings call it; a keepalived.conf is found among the files under this path. */
  readonly file: string;
  readonly text: string;
  /** What it may include. */
  readonly files: ConfigFiles;
}

export function readConfiguration(
  format: ImportFormat,
  { file, text, files }: Source,
  cluster: string,
): ImportResult {
  switch (format) {
    case 'definition':
      return readDefinition(text, { file, cluster });
    case 'ipvsadm':
      return readIpvsadmSave(text, { file, cluster });
    case 'ldirectord':
      return readLdirectord(text, { file, cluster });
    case 'keepalived':
      return readKeepalived(file, files, { cluster });
  }
}
