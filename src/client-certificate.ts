/** What a verified certificate of a client says of its holder. */
import { type PeerCertificate, TLSSocket } from 'node:tls';
import type { ClientCertificate } from './control/control.js';

/** Undefined: the client has shown none, or one that none of the authorities has signed. */
export function certificateOfSocket(socket: unknown): ClientCertificate | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  return clientCertificate(socket.getPeerCertificate());
}

export function clientCertificate(peer: PeerCertificate | undefined): ClientCertificate | undefined {
  if (!peer?.raw) return undefined;
  const { subject, subjectaltname = '', fingerprint256, valid_to: end } = peer;
  // Several common names are an array, whatever the type says: none of them is the name then.
  const commonName: unknown = subject?.CN;
  return {
    names: [
      ...(typeof commonName === 'string' ? [`CN=${commonName}`] : []),
      ...alternativeNames(subjectaltname),
    ],
    fingerprint: fingerprint256,
    expireTime: new Date(end).toISOString(),
  };
}

/** Node writes `DNS:a.example, URI:spiffe://b`, and puts values that could be taken for more than one into quotes. */
function alternativeNames(text: string): string[] {
  return [...text.matchAll(/(?:^|, )(DNS|URI|email|IP Address):("(?:[^"\\]|\\.)*"|[^,]*)/g)].map(
    ([, kind = '', value = '']) => `${kind}:${value.startsWith('"') ? (JSON.parse(value) as string) : value}`,
  );
}
