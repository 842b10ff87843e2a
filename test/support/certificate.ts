/** Certificates that sign themselves, made by openssl. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { CertificateFiles } from '../../src/config.js';

/** For localhost and 127.0.0.1, in files of the directory that are replaced. */
export function makeCertificate(directory: string, commonName: string): CertificateFiles {
  const files = { certificate: join(directory, 'cert.pem'), key: join(directory, 'key.pem') };
  execFileSync(
    'openssl',
    [
      ...[
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-days',
        '2',
      ],
      ...['-subj', `/CN=${commonName}`, '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'],
      ...['-keyout', files.key, '-out', files.certificate],
    ],
    { stdio: 'pipe' },
  );
  return files;
}
