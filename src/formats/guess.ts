/** Which of the formats that can be read a text is written in. */
import { IMPORT_FORMATS } from '../domain/schema/import.js';

export { IMPORT_FORMATS };
export type ImportFormat = (typeof IMPORT_FORMATS)[number];

/** How a line begins that only this format has. */
const LINES: Readonly<Record<ImportFormat, RegExp>> = {
  definition: /^([ \t]*\{|("?)(virtualServices|spec|labels)\2[ \t]*:)/,
  keepalived: /^[ \t]*(virtual_server|virtual_server_group|global_defs|vrrp_\w+)\b/m,
  ldirectord: /^virtual6?[ \t]*=/m,
  ipvsadm: /^[ \t]*((\S*\/)?ipvsadm[ \t]+)?(-[AEDCade]|--(add|edit|delete)-(service|server)\b|--clear\b)/m,
};

const NAMES: Readonly<Record<ImportFormat, RegExp>> = {
  definition: /\.(json|ya?ml)$/,
  keepalived: /keepalived[^/]*$/,
  ldirectord: /(ldirectord[^/]*|\.cf)$/,
  ipvsadm: /(ipvsadm[^/]*|\.rules)$/,
};

/** By what it says and, where that does not tell, by the name of its file; undefined: neither tells. */
export function guessFormat(text: string, file: string): ImportFormat | undefined {
  return (
    IMPORT_FORMATS.find((format) => LINES[format].test(text)) ??
    IMPORT_FORMATS.find((format) => NAMES[format].test(file))
  );
}
