import { experimental, ServerCredentials } from '@grpc/grpc-js';
import type { Certificate, Certificates } from '../certificates.js';

/** Null: no TLS. */
export function serverCredentials(source: Certificates | null): ServerCredentials {
  if (!source) return ServerCredentials.createInsecure();
  const stops = new Map<unknown, () => void>();
  const identity = {
    addIdentityCertificateListener(listener: (certificate: Certificate) => void) {
      stops.set(listener, source.onChange(listener));
      // The listener can do nothing with it before it has been added.
      process.nextTick(() => listener(source.current));
    },
    removeIdentityCertificateListener(listener: unknown) {
      stops.get(listener)?.();
      stops.delete(listener);
    },
    // Certificates of clients are nobody's business yet.
    addCaCertificateListener() {},
    removeCaCertificateListener() {},
  };
  return experimental.createCertificateProviderServerCredentials(identity, null, false);
}
