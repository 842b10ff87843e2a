/** What the host lets lvsd do outside the IPVS table, found out without changing anything or loading a table's modules. */
import { readFile } from 'node:fs/promises';
import type { HostCapabilities } from '../host.js';
import { type KernelFiles, readModuleNames } from '../kernel-modules.js';
import { readInterfaceAddresses } from './addresses.js';
import { findProgram } from './program.js';
import { useRouteNetlink } from './rtnetlink.js';
import { hasIptables } from './snat/iptables.js';
import { listSetNames } from './snat/set-names.js';

/** linux/capability.h */
const CAP_NET_ADMIN = 12;
const CAP_NET_RAW = 13;

/** What our rules and sets are made of. */
const SNAT_MODULES = ['xt_ipvs', 'xt_set', 'xt_connmark', 'ip_set_hash_ipport'];

/** IFA_PROTO came with Linux 5.18; distributions have taken it to older kernels. */
const ADDRESS_PROTOCOL_SINCE = [5, 18] as const;

export async function readHostCapabilities(files: KernelFiles): Promise<HostCapabilities> {
  const capabilities = await effectiveCapabilities();
  const lacks = (bit: number): boolean => (capabilities & (1n << BigInt(bit))) === 0n;
  if (lacks(CAP_NET_ADMIN)) {
    const reason = 'This process may not change the network: run it as root or with CAP_NET_ADMIN.';
    return { addresses: reason, snat: reason };
  }
  return {
    addresses: await whyNoAddresses(files),
    snat: lacks(CAP_NET_RAW)
      ? 'This process may not use iptables: run it as root or with CAP_NET_RAW.'
      : await whyNoSnat(files),
  };
}

/** A kernel that marks the addresses of the loopback interface knows the mark; so does one of that version. */
async function whyNoAddresses({ release }: KernelFiles): Promise<string | null> {
  const [major = 0, minor = 0] = release.split(/[.-]/).map(Number);
  const [sinceMajor, sinceMinor] = ADDRESS_PROTOCOL_SINCE;
  if (major > sinceMajor || (major === sinceMajor && minor >= sinceMinor)) return null;
  const addresses = await useRouteNetlink(readInterfaceAddresses);
  if (addresses.some(({ protocol }) => protocol !== undefined)) return null;
  return (
    `Linux ${release} does not keep who added an address (IFA_PROTO, Linux 5.18), so lvsd could not tell its own: ` +
    'bind VIPs yourself, or use a newer kernel.'
  );
}

async function whyNoSnat(files: KernelFiles): Promise<string | null> {
  const missing = [
    ...(findProgram('ipset') ? [] : ['ipset']),
    ...(hasIptables('ipv4') && hasIptables('ipv6') ? [] : ['iptables']),
  ];
  if (missing.length > 0) {
    return `The programs of ${missing.join(' and ')} are not installed: install ${missing.join(' and ')}.`;
  }
  const modules = await readModuleNames(files);
  const absent = SNAT_MODULES.filter((name) => modules && !modules.has(name));
  if (absent.length > 0) {
    return `The kernel has no ${absent.join(', ')}: install the package with the kernel's further modules.`;
  }
  try {
    await listSetNames();
    return null;
  } catch (error) {
    return `The kernel's sets cannot be used: ${(error as Error).message}.`;
  }
}

/** CapEff of proc(5); all of them where it cannot be read, for the kernel to say. */
async function effectiveCapabilities(): Promise<bigint> {
  try {
    const status = await readFile('/proc/self/status', 'utf8');
    const [, mask] = /^CapEff:\s*([0-9a-f]+)$/m.exec(status) ?? [];
    return mask === undefined ? ~0n : BigInt(`0x${mask}`);
  } catch {
    return ~0n;
  }
}
