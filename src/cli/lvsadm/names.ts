/** Names of hosts and ports as the C library finds them: the resolver, and the list of services of this machine. */
import { lookupService, lookup as resolveHost } from 'node:dns/promises';
import { readFileSync } from 'node:fs';
import type { EndpointName } from '../../domain/ipvsadm-text.js';
import { endpoint, type Protocol } from '../../domain/keys.js';
import { readCommandLine } from '../../formats/ipvsadm/command-line.js';
import { Fault } from '../../formats/ipvsadm/fault.js';
import type { CommandLine } from '../../formats/ipvsadm/line.js';

const SERVICES_FILE = '/etc/services';
/** Stands for a host while its name is looked up. */
const UNKNOWN_HOST = '0.0.0.0';

export interface Names {
  /** Reads a command line; asks the resolver when it names hosts. Rejects with a Fault. */
  commandLine(words: readonly string[]): Promise<CommandLine>;
  /** How these addresses and every port are called when nobody says -n. */
  ofAddresses(addresses: Iterable<string>): Promise<EndpointName>;
}

export function createNames(): Names {
  const hosts = new Map<string, string | undefined>();
  let services: Services | undefined;
  const port = (name: string, protocol: Protocol) => {
    services ??= readServices();
    return services.ports.get(`${name}/${protocol}`);
  };

  return {
    async commandLine(words) {
      const asked = new Set<string>();
      const host = (name: string) => {
        if (hosts.has(name)) return hosts.get(name);
        asked.add(name);
        return UNKNOWN_HOST;
      };
      const read = () => readCommandLine(words, { host, port, isLenient: false });
      try {
        const line = read();
        if (asked.size === 0) return line;
      } catch (error) {
        if (!(error instanceof Fault) || asked.size === 0) throw error;
      }
      for (const name of asked) hosts.set(name, await addressOf(name));
      return read();
    },

    async ofAddresses(addresses) {
      services ??= readServices();
      const { names } = services;
      const known = new Map<string, string>();
      await Promise.all([...new Set(addresses)].map(async (one) => known.set(one, await nameOf(one))));
      return (address, portNumber, protocol) => {
        const host = known.get(address) ?? address;
        const service = names.get(`${portNumber}/${protocol}`);
        return service === undefined && host === address
          ? endpoint(address, portNumber)
          : `${address.includes(':') ? `[${host}]` : host}:${service ?? portNumber}`;
      };
    },
  };
}

async function addressOf(name: string): Promise<string | undefined> {
  try {
    return (await resolveHost(name, { family: 4 })).address;
  } catch {
    return undefined;
  }
}

async function nameOf(address: string): Promise<string> {
  try {
    return (await lookupService(address, 0)).hostname;
  } catch {
    return address;
  }
}

interface Services {
  /** By `http/tcp`. */
  readonly ports: ReadonlyMap<string, number>;
  /** By `80/tcp`. */
  readonly names: ReadonlyMap<string, string>;
}

/** The first of several lines about the same name or port counts. A machine without the file has no names. */
function readServices(): Services {
  const ports = new Map<string, number>();
  const names = new Map<string, string>();
  for (const line of textOf(SERVICES_FILE).split('\n')) {
    const [name, key = '', ...aliases] = (line.split('#')[0] ?? '')
      .split(/\s+/)
      .filter((word) => word !== '');
    const [port, protocol] = key.split('/');
    if (name === undefined || protocol === undefined) continue;
    if (!names.has(key)) names.set(key, name);
    for (const one of [name, ...aliases]) {
      if (!ports.has(`${one}/${protocol}`)) ports.set(`${one}/${protocol}`, Number(port));
    }
  }
  return { ports, names };
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
