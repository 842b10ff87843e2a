import type { ServerOptions } from 'node:http';
import type { Server as TlsServer } from 'node:https';
import type { FastifyInstance } from 'fastify';
import type { Certificates } from '../certificates.js';

/** The part of fastify's options that says with or without TLS. */
export function withTls(
  certificates: Certificates | null,
  http: ServerOptions,
): { readonly http: ServerOptions } {
  if (!certificates) return { http };
  const { certificate, privateKey } = certificates.current;
  // Typed as if without TLS: nothing in the application depends on which it is.
  const https = { ...http, cert: certificate, key: privateKey };
  return { https } as unknown as { http: ServerOptions };
}

/** New connections get the newest certificate. */
export function followCertificates(app: FastifyInstance, certificates: Certificates): void {
  const stop = certificates.onChange(({ certificate, privateKey }) => {
    (app.server as TlsServer).setSecureContext({ cert: certificate, key: privateKey });
  });
  app.addHook('onClose', async () => stop());
}
