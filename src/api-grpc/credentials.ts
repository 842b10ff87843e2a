import { experimental, ServerCredentials } from '@grpc/grpc-js';
import type { Certificate, Certificates } from '../certificates.js';

/** Null: no TLS. */
export function serverCredentials(source: Certificates | null): ServerCredentials {
  if (!source) return ServerCredentials.createInsecure();
  const stops = new Map<unknown, () => void>();
  const remove = (listener: unknown) => {
    stops.get(listener)?.();
    stops.delete(listener);
  };
  const provider = {
    addIdentityCertificateListener(listener: (certificate: Certificate) => void) {
      stops.set(listener, source.onChange(listener));
      // The listener can do nothing with it before it has been added.
      process.nextTick(() => listener(source.current));
    },
    removeIdentityCertificateListener: remove,
    addCaCertificateListener(listener: (update: { caCertificate: Buffer }) => void) {
      const tell = ({ clientAuthorities }: Certificate) => {
        if (clientAuthorities) listener({ caCertificate: clientAuthorities });
      };
      stops.set(listener, source.onChange(tell));
      process.nextTick(() => tell(source.current));
    },
    removeCaCertificateListener: remove,
  };
  const { clients } = source;
  return experimental.createCertificateProviderServerCredentials(
    provider,
    clients === 'none' ? null : provider,
    clients === 'required',
  );
}
