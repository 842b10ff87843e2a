/** What the kernel can do for IPVS, as far as that can be known without changing its table. */
import { access, readFile } from 'node:fs/promises';
import { constants } from 'node:os';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { IpvsCapabilities } from '../../domain/capabilities.js';
import { type KernelFiles, readModuleNames } from '../kernel-modules.js';
import { encodeFrontend } from './codec.js';
import { IPVS_CMD } from './constants.js';
import { generic } from './generic.js';
import { assertPermitted, type Session } from './session.js';

/** Modules of IPVS that are neither a scheduler nor a persistence engine. */
const OTHER_MODULES = new Set(['ftp']);

/** GUE and GRE came with IPVS_DEST_ATTR_TUN_* in Linux 5.3. */
const TUNNELS_SINCE = [5, 3] as const;

export async function readCapabilities(session: Session, files: KernelFiles): Promise<IpvsCapabilities> {
  const [modules, hasIpv6Stack, sctp] = await Promise.all([
    readModules(files),
    isReadable('/proc/net/if_inet6'),
    isSctpBuiltIn(files.release),
  ]);
  const engines = modules?.filter((name) => name.startsWith('pe_')).map((name) => name.slice(3));
  return {
    ipv6: hasIpv6Stack && isIpv6BuiltIn(session),
    sctp,
    schedulers: modules?.filter((name) => !name.startsWith('pe_') && !OTHER_MODULES.has(name)) ?? null,
    persistenceEngines: engines ?? null,
    tunnelTypes: isAtLeast(files.release, TUNNELS_SINCE) ? ['ipip', 'gue', 'gre'] : ['ipip'],
  };
}

/** ip_vs without CONFIG_IP_VS_IPV6 answers EAFNOSUPPORT where others say that there is no such service. */
function isIpv6BuiltIn({ connection, family }: Session): boolean {
  const verdict = connection.request(
    generic({
      family: family(),
      command: IPVS_CMD.GET_SERVICE,
      encode: (writer) => encodeFrontend(writer, { protocol: 'tcp', address: '::', port: 0 }),
    }),
  );
  assertPermitted(verdict);
  return verdict.errno !== constants.errno.EAFNOSUPPORT;
}

/** Names of the modules ip_vs_* without that prefix; null where the module tree cannot be seen. */
async function readModules(files: KernelFiles): Promise<string[] | null> {
  const names = await readModuleNames(files);
  const ours = names && [...names].filter((name) => name.startsWith(PREFIX));
  return ours?.map((name) => name.slice(PREFIX.length)).sort() ?? null;
}

const PREFIX = 'ip_vs_';

/**
 * Without CONFIG_IP_VS_PROTO_SCTP the kernel takes SCTP services and never forwards a packet; only its configuration
 * tells. Where that is not to be found, SCTP is taken to be there, as distributions build it.
 */
async function isSctpBuiltIn(release: string): Promise<boolean> {
  const configuration =
    (await readText(`/boot/config-${release}`)) ?? (await readCompressed('/proc/config.gz'));
  return configuration === undefined || /^CONFIG_IP_VS_PROTO_SCTP=y$/m.test(configuration);
}

function isAtLeast(release: string, [major, minor]: readonly [number, number]): boolean {
  const [actualMajor = 0, actualMinor = 0] = release.split(/[.-]/).map(Number);
  return actualMajor > major || (actualMajor === major && actualMinor >= minor);
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    return undefined;
  }
}

async function readCompressed(path: string): Promise<string | undefined> {
  try {
    return (await promisify(gunzip)(await readFile(path))).toString();
  } catch {
    return undefined;
  }
}

async function isReadable(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}
