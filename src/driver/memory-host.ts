/** A model of a director's host: what `driver/linux/` does to a real one, without packets. */
import { canonicalAddress } from '../domain/address.js';
import type { HostOperation, SnatConfig } from '../domain/host-operation.js';
import { familyOfAddress } from '../domain/keys.js';
import type { HostAddress, HostCapabilities, HostDriver, HostLink, HostRoute } from './host.js';
import { KernelError, KernelUnavailableError } from './kernel-error.js';
import { createHostModel, type HostModel, sharesPrefix } from './memory/host-model.js';

export interface MemoryHostOptions {
  /** Names of the interfaces beside lo. Default: eth0. */
  readonly interfaces?: readonly string[];
  /** Addresses of others. Default: those of lo, and on eth0 192.168.10.1/24 and 2001:db8:10::1/64. */
  readonly addresses?: readonly Omit<HostAddress, 'ours'>[];
  /** Default routes. Default: 192.168.10.254 and 2001:db8:10::fe. */
  readonly gateways?: readonly string[];
  /** Default: it can everything. */
  readonly capabilities?: Partial<HostCapabilities>;
  /** By path below /proc/sys. Default: forwarding and conntrack on, filters off. */
  readonly sysctls?: Readonly<Record<string, string>>;
}

export interface MemoryHost {
  /** Another handle on the same host. */
  open(): HostDriver;
  /** What somebody does with `ip address add`: not ours. */
  addAddress(address: Omit<HostAddress, 'ours'>): void;
  /** What somebody does with `ip address del`, whosever it is. */
  removeAddress(address: string, interfaceName: string): void;
  /** What somebody does to our chains and sets; null takes the frontend out. */
  editSnat(frontendKey: string, config: SnatConfig | null): void;
  /** What somebody does with `sysctl -w`. */
  setSysctl(path: string, value: string): void;
  /** What somebody does with `ip link set`. */
  setLink(name: string, change: Partial<Pick<HostLink, 'up' | 'mtu'>>): void;
  /** While it is false, every call of every handle rejects with `KernelUnavailableError(reason)`. */
  setAvailable(available: boolean, reason?: string): void;
}

const LOOPBACK: readonly Omit<HostAddress, 'ours'>[] = [
  { interface: 'lo', address: '127.0.0.1', prefixLength: 8 },
  { interface: 'lo', address: '::1', prefixLength: 128 },
];
const ETHERNET: readonly Omit<HostAddress, 'ours'>[] = [
  { interface: 'eth0', address: '192.168.10.1', prefixLength: 24 },
  { interface: 'eth0', address: '2001:db8:10::1', prefixLength: 64 },
];
const GATEWAYS = ['192.168.10.254', '2001:db8:10::fe'];
/** A host that is ready for every method. */
const SYSCTLS = {
  'net/ipv4/ip_forward': '1',
  'net/ipv6/conf/all/forwarding': '1',
  'net/ipv4/conf/all/rp_filter': '0',
  'net/ipv4/conf/all/arp_ignore': '0',
  'net/ipv4/vs/conntrack': '1',
  'net/ipv4/vs/expire_nodest_conn': '1',
  'net/ipv4/vs/expire_quiescent_template': '1',
  'net/ipv4/vs/conn_reuse_mode': '1',
};
const LOOPBACK_MTU = 65536;
const ETHERNET_MTU = 1500;

export function createMemoryHost(options: MemoryHostOptions = {}): MemoryHost {
  const interfaces = ['lo', ...(options.interfaces ?? ['eth0'])];
  const addresses = options.addresses ?? [...LOOPBACK, ...ETHERNET];
  const model = createHostModel(
    new Set(interfaces),
    addresses.map((one) => ({ ...one, ours: false })),
  );
  const links = interfaces.map((name, index) => linkOf(name, index + 1));
  const sysctls = new Map(Object.entries(options.sysctls ?? SYSCTLS));
  const gateways = options.gateways ?? GATEWAYS;
  const capabilities: HostCapabilities = { addresses: null, snat: null, ...options.capabilities };
  let outage: string | undefined;
  return {
    open: () => createHandle({ model, links, gateways, capabilities, sysctls, outage: () => outage }),
    addAddress(one) {
      model.addresses = [...model.addresses, { ...one, ours: false }];
    },
    removeAddress(address, name) {
      model.addresses = model.addresses.filter((one) => one.address !== address || one.interface !== name);
    },
    editSnat(frontendKey, config) {
      if (config) model.snat.set(frontendKey, config);
      else model.snat.delete(frontendKey);
    },
    setSysctl(path, value) {
      sysctls.set(path, value);
    },
    setLink(name, change) {
      const index = links.findIndex((link) => link.name === name);
      const link = links[index];
      if (link) links[index] = { ...link, ...change };
    },
    setAvailable(available, reason = 'the host is away') {
      outage = available ? undefined : reason;
    },
  };
}

function linkOf(name: string, index: number): HostLink {
  const mac = `02:00:00:00:00:${index.toString(16).padStart(2, '0')}`;
  return name === 'lo'
    ? { name, index, up: true, mtu: LOOPBACK_MTU, kind: null, mac: null }
    : { name, index, up: true, mtu: ETHERNET_MTU, kind: null, mac };
}

interface Modelled {
  readonly model: HostModel;
  readonly links: readonly HostLink[];
  readonly gateways: readonly string[];
  readonly capabilities: HostCapabilities;
  readonly sysctls: ReadonlyMap<string, string>;
  readonly outage: () => string | undefined;
}

function createHandle({ model, links, gateways, capabilities, sysctls, outage }: Modelled): HostDriver {
  let isClosed = false;

  function reach(): void {
    const reason = isClosed ? 'the driver is closed' : outage();
    if (reason !== undefined) throw new KernelUnavailableError(reason);
  }

  return {
    async capabilities() {
      reach();
      return capabilities;
    },
    async readAddresses() {
      reach();
      return model.addresses;
    },
    async readSnat() {
      reach();
      return new Map(model.snat);
    },
    async apply(operations) {
      return operations.map((operation) => {
        reach();
        return kernelError(operation, model.apply(operation));
      });
    },
    async route(address) {
      reach();
      return routeTo(canonicalAddress(address) ?? address, { model, links, gateways });
    },
    async links() {
      reach();
      return links;
    },
    async readSysctls(paths) {
      reach();
      return new Map(paths.map((path) => [path, sysctls.get(path) ?? null]));
    },
    close() {
      isClosed = true;
    },
  };
}

function kernelError({ command, key }: HostOperation, errno: number): KernelError | null {
  return errno === 0 ? null : new KernelError({ errno, command, key });
}

/** The longest prefix of a connected network, else the default route. */
function routeTo(
  address: string,
  { model, links, gateways }: Pick<Modelled, 'model' | 'links' | 'gateways'>,
): HostRoute | null {
  if (model.addresses.some((one) => one.address === address)) {
    return { interface: 'lo', source: address, gateway: null, mtu: LOOPBACK_MTU, local: true };
  }
  const connected = model.addresses
    .filter((one) => sharesPrefix(one.address, address, one.prefixLength))
    .sort((a, b) => b.prefixLength - a.prefixLength)[0];
  if (connected) {
    const { interface: name, address: source } = connected;
    const mtu = links.find((link) => link.name === name)?.mtu ?? ETHERNET_MTU;
    return { interface: name, source, gateway: null, mtu, local: false };
  }
  const gateway = gateways.find(
    (one) => familyOfAddress(one) === familyOfAddress(address) && one !== address,
  );
  const next = gateway && routeTo(gateway, { model, links, gateways: [] });
  return next && gateway && !next.local ? { ...next, gateway } : null;
}
