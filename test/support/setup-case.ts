/** Setups of real servers that tests ask for, without a definition around them. */
import { familyOfAddress } from '../../src/domain/keys.js';
import type { Forwarding } from '../../src/domain/schema/forwarding.js';
import type { RealServerSetup } from '../../src/domain/schema/real-server-setup.js';
import { realServerSetup, type SetupRequest, type SetupService } from '../../src/domain/setup/setup.js';

interface Wanted extends Partial<Omit<SetupService, 'forwarding'>> {
  readonly forwarding: Forwarding;
  readonly address: string;
}

export function setupService(wanted: Wanted): SetupService {
  const vips = wanted.vips ?? ['192.0.2.10'];
  return {
    path: 'projects/default/clusters/shop/virtual-services/http/real-servers/web-1',
    frontend: 'tcp/192.0.2.10:80',
    port: 80,
    protocol: 'tcp',
    family: familyOfAddress(vips[0] ?? ''),
    vips,
    dip: familyOfAddress(wanted.address) === 'ipv4' ? '10.1.0.1' : 'fd01::1',
    ...wanted,
  };
}

export function setupOf(services: readonly Wanted[], request: Partial<SetupRequest> = {}): RealServerSetup {
  const all = services.map(setupService);
  return realServerSetup({
    project: 'default',
    address: all[0]?.address ?? '10.1.0.2',
    user: 'default.shop.http.web-1',
    title: 'real server web-1',
    services: all,
    format: 'shell',
    undo: false,
    route: null,
    ...request,
  });
}

export function tunnel(
  type: 'ipip' | 'gre' | 'gue',
  checksum: 'none' | 'csum' | 'remcsum' = 'none',
): Forwarding {
  return { method: 'tun', tunnel: { type, checksum, ...(type === 'gue' && { port: 6080 }) } };
}
