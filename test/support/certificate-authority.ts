/** A certificate authority of our own that signs certificates of clients, made by openssl. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface ClientKeyPair {
  readonly cert: Buffer;
  readonly key: Buffer;
}

export interface CertificateAuthority {
  /** PEM file. */
  readonly file: string;
  /** `alternative` as openssl has it: `URI:spiffe://a/b,DNS:c`. */
  issue(commonName: string, alternative?: string): ClientKeyPair;
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

export function makeAuthority(directory: string, name: string): CertificateAuthority {
  const at = (suffix: string) => join(directory, `${name}${suffix}`);
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'pipe' });
  const [file, key] = [at('.pem'), at('.key')];
  openssl('req', '-x509', ...NEW_KEY, '-days', '2', '-subj', `/CN=${name}`, '-keyout', key, '-out', file);
  return {
    file,
    issue(commonName, alternative = `DNS:${commonName}`) {
      openssl(
        ...['req', ...NEW_KEY, '-subj', `/CN=${commonName}`, '-keyout', at('-client.key')],
        ...['-out', at('-client.csr')],
      );
      writeFileSync(at('.ext'), `subjectAltName=${alternative}\nextendedKeyUsage=clientAuth\n`);
      openssl(
        ...['x509', '-req', '-in', at('-client.csr'), '-CA', file, '-CAkey', key, '-CAcreateserial'],
        ...['-days', '1', '-extfile', at('.ext'), '-out', at('-client.pem')],
      );
      return { cert: readFileSync(at('-client.pem')), key: readFileSync(at('-client.key')) };
    },
  };
}
