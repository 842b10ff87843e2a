import { constants } from 'node:os';
import { KernelUnavailableError } from '../kernel-error.js';
import type { Connection } from '../wire/connection.js';
import { malformed } from '../wire/malformed.js';
import { CTRL_CMD_GETFAMILY, GENL_ID_CTRL, IPVS_GENL_NAME } from './constants.js';
import { attributesStart, generic } from './generic.js';
import { CONTROL } from './tables.js';

/**
 * The number under which generic netlink has the IPVS family; another one each time the module is loaded. The kernel
 * loads ip_vs by itself when it is asked for the family (MODULE_ALIAS_GENL_FAMILY).
 */
export function resolveFamily(connection: Connection): number {
  let id: number | undefined;
  const { errno } = connection.request(
    generic({
      family: GENL_ID_CTRL,
      command: CTRL_CMD_GETFAMILY,
      encode: (writer) => CONTROL.encode(writer, { familyName: IPVS_GENL_NAME }),
      onReply(message) {
        id = CONTROL.decode(message.source, attributesStart(message), message.end).familyId;
      },
    }),
  );
  if (errno === constants.errno.ENOENT) {
    throw new KernelUnavailableError('the kernel has no IPVS: load the module ip_vs (modprobe ip_vs)');
  }
  if (id === undefined) throw malformed(`no number for the IPVS family (errno ${errno})`);
  return id;
}
