/** Names of resources that nobody has named yet: DNS labels that tell the address, the same for the same entry. */
import { type Backend, type Frontend, isFwmark } from './keys.js';

/** `tcp-192-0-2-10-80`, `udp-2001-db8--10-53`, `fwmark-ipv6-7`. */
export function serviceName(frontend: Frontend): string {
  if (isFwmark(frontend)) return `fwmark-${frontend.family}-${frontend.fwmark}`;
  return `${frontend.protocol}-${hyphenated(frontend.address)}-${frontend.port}`;
}

/** `10-0-0-2-8080`; without a port (0, any) `10-0-0-2`. */
export function realServerName({ address, port }: Backend): string {
  const name = port === 0 ? hyphenated(address) : `${hyphenated(address)}-${port}`;
  return name.replace(/^-/, '0-').replace(/-$/, '-0');
}

function hyphenated(address: string): string {
  return address.replaceAll(/[.:]/g, '-');
}

/** The name itself or, when taken, the first of name-2, name-3, … that is free; the name is added to `taken`. */
export function freeName(name: string, taken: Set<string>): string {
  let free = name;
  for (let count = 2; taken.has(free); count++) free = `${name}-${count}`;
  taken.add(free);
  return free;
}
