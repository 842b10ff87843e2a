import type { ServerOptions } from 'node:http';
import type { Server as TlsServer } from 'node:https';
import type { SecureContextOptions } from 'node:tls';
import type { FastifyInstance } from 'fastify';
import type { Certificate, Certificates } from '../certificates.js';

/** The part of fastify's options that says with or without TLS. */
export function withTls(
  certificates: Certificates | null,
  http: ServerOptions,
): { readonly http: ServerOptions } {
  if (!certificates) return { http };
  const { clients } = certificates;
  // Typed as if without TLS: nothing in the application depends on which it is.
  const https = {
    ...http,
    ...contextOf(certificates.current),
    requestCert: clients !== 'none',
    rejectUnauthorized: clients === 'required',
  };
  return { https } as unknown as { http: ServerOptions };
}

function contextOf({ certificate, privateKey, clientAuthorities }: Certificate): SecureContextOptions {
  return { cert: certificate, key: privateKey, ...(clientAuthorities && { ca: clientAuthorities }) };
}

/** New connections get the newest certificate. */
export function followCertificates(app: FastifyInstance, certificates: Certificates): void {
  const stop = certificates.onChange((newest) => {
    (app.server as TlsServer).setSecureContext(contextOf(newest));
  });
  app.addHook('onClose', async () => stop());
}
