/**
 * Keeps web pages away. A page of a hostile site can make a browser send requests here, after DNS rebinding even as if
 * from the same origin; but its Host then names that site, and its Origin another host than ours.
 */
import type { FastifyRequest } from 'fastify';
import { DomainError } from '../domain/errors.js';

interface Allowed {
  /** Names of this server. */
  readonly allowedHosts: readonly string[];
  /** Other origins whose pages may call it. */
  readonly corsOrigins: readonly string[];
}

/** Addresses and ports of a server, each by a few names. */
const MAX_KNOWN = 1000;

/** Throws HOST_REFUSED (MALFORMED_REQUEST without a Host) unless Host names this server and Origin, where there is one, is its own or allowed. */
export function createHostGuard({ allowedHosts, corsOrigins }: Allowed): (request: FastifyRequest) => void {
  const allowed = new Set(allowedHosts.map((host) => host.toLowerCase()));

  function isOurs(hostname: string, localAddress: string | undefined): boolean {
    return (
      hostname === 'localhost' ||
      hostname === '[::1]' ||
      /^127\.\d+\.\d+\.\d+$/.test(hostname) ||
      hostname === bracketed(localAddress) ||
      allowed.has(hostname)
    );
  }

  /** Host names that were found to be ours, each with the address that it was called at. */
  const known = new Set<string>();

  return ({ headers, socket }) => {
    const call = `${headers.host} ${socket.localAddress}`;
    if (headers.origin === undefined && known.has(call)) return;
    if (headers.host === undefined) throw new DomainError('MALFORMED_REQUEST', 'The header Host is missing.');
    const host = headers.host.toLowerCase();
    if (!isOurs(hostnameOf(`http://${host}`), socket.localAddress)) {
      throw new DomainError(
        'HOST_REFUSED',
        `"${host}" is not a name of this server: call it by its address or allow the name in its configuration.`,
        { metadata: { host } },
      );
    }
    if (known.size < MAX_KNOWN) known.add(call);
    const { origin } = headers;
    if (origin === undefined || corsOrigins.includes(origin)) return;
    if (hostOf(origin) !== hostOf(`http://${host}`)) {
      throw new DomainError('HOST_REFUSED', `Pages of "${origin}" may not call this server.`, {
        metadata: { origin },
      });
    }
  };
}

/** As it stands in a URL; an IPv4 address that arrived on an IPv6 socket without the mapping's prefix. */
function bracketed(address = ''): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/, '');
  return plain.includes(':') ? `[${plain}]` : plain;
}

function hostnameOf(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname : '';
}

/** Host name and port without a default port: the same for http and https behind a proxy that ends TLS. */
function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host.replace(/:(80|443)$/, '') : '';
}
