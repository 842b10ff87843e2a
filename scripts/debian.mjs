// The Debian packages that tests and tools need: found by a probe, installed with apt when this process may.
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** What each group needs, as `{ package: probe }`; a probe is a command name or an absolute path. */
export const packageGroups = {
  kernel: {
    'user-mode-linux': 'linux.uml',
    kmod: 'modprobe',
    iproute2: 'ip',
    ipvsadm: 'ipvsadm',
    iptables: 'iptables-legacy-restore',
    ipset: 'ipset',
    conntrack: 'conntrack',
    curl: 'curl',
    keepalived: 'keepalived',
    tcpdump: 'tcpdump',
  },
  tls: { openssl: 'openssl' },
  ansible: { 'ansible-core': 'ansible-playbook' },
  // a Python module has no command: its folder is the probe
  python: {
    python3: '/usr/bin/python3',
    'python3-grpcio': '/usr/lib/python3/dist-packages/grpc',
    'python3-protobuf': '/usr/lib/python3/dist-packages/google/protobuf',
    'protobuf-compiler': 'protoc',
    'protobuf-compiler-grpc': 'grpc_python_plugin',
  },
  browser: { chromium: 'chromium' },
  build: { python3: 'python3', make: 'make', 'g++': 'g++' },
  capture: { strace: 'strace', tcpdump: 'tcpdump' },
};

/** Administration commands live in directories that a plain user's PATH may lack. */
const searchPath = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin'];

/** Whether an executable is where its probe says. */
export function isPresent(probe) {
  const candidates = probe.startsWith('/') ? [probe] : searchPath.map((directory) => join(directory, probe));
  return candidates.some((candidate) => {
    try {
      accessSync(candidate, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** The packages of a `{ package: probe }` table whose probe fails. */
export function missingPackages(packages) {
  return Object.keys(packages).filter((name) => !isPresent(packages[name]));
}

/**
 * Makes sure that the packages of some groups are installed. Costs a few file look-ups when they are. Throws an error
 * that names the missing packages and the command to run when it cannot install them.
 *
 * @param {...keyof typeof packageGroups} groups
 */
export function ensurePackages(...groups) {
  installMissing(Object.assign({}, ...groups.map((group) => packageGroups[group])));
}

/**
 * As ensurePackages, for a table. `apt(args)` runs apt-get and tells whether it succeeded; it is absent (null) where
 * apt-get is or where this process is not root.
 */
export function installMissing(packages, apt = systemApt()) {
  const missing = missingPackages(packages);
  if (missing.length === 0) return;
  const remedy = `apt-get update && apt-get install -y --no-install-recommends ${missing.join(' ')}`;
  const named = `missing Debian package${missing.length > 1 ? 's' : ''}: ${missing.join(', ')}`;
  if (apt === null) throw new Error(`${named}; as root, run: ${remedy}`);
  const installed = apt(['update']) && apt(['install', '-y', '--no-install-recommends', ...missing]);
  const still = missingPackages(packages);
  if (!installed || still.length > 0)
    throw new Error(`${named}; apt-get could not install them; run: ${remedy}`);
}

/** apt-get, when this process may install with it; its output goes to standard error. */
function systemApt() {
  if (process.getuid?.() !== 0 || !isPresent('apt-get')) return null;
  return (args) => {
    console.error(`apt-get ${args.join(' ')}`);
    const { status } = spawnSync('apt-get', ['-q', ...args], {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      stdio: ['ignore', 2, 2],
      timeout: 10 * 60 * 1000,
    });
    return status === 0;
  };
}
