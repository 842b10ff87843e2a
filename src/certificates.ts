/** The server's certificate: read at start, and again whenever its files change, without a restart. */
import { X509Certificate } from 'node:crypto';
import { readFileSync, unwatchFile, watchFile } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { isDeepStrictEqual } from 'node:util';
import { type CertificateFiles, ConfigError } from './config.js';

export interface Certificate {
  readonly certificate: Buffer;
  readonly privateKey: Buffer;
  /** PEM: who signs certificates of clients; null: nobody. */
  readonly clientAuthorities: Buffer | null;
}

export interface Certificates {
  readonly current: Certificate;
  /** Whether clients show a certificate: they are not asked, they may, they must. */
  readonly clients: 'none' | 'optional' | 'required';
  /** Calls the listener with every later pair that is valid. Returns how to stop. */
  onChange(listener: (certificate: Certificate) => void): () => void;
  close(): void;
}

interface Log {
  info(text: string): void;
  error(fields: object, text: string): void;
}

const LOOK_INTERVAL_MS = 1000;

/** Throws ConfigError, naming the files, when they do not hold a certificate and its key. */
export function watchCertificates(files: CertificateFiles, logger: Log): Certificates {
  const listeners = new Set<(certificate: Certificate) => void>();
  const paths = [files.certificate, files.key, ...(files.clients ? [files.clients.authorities] : [])];
  let current = load(files);

  /** While one file is new and the other old they do not fit: what is in use stays until they do. */
  function reload(): void {
    try {
      const next = load(files);
      if (isDeepStrictEqual(next, current)) return;
      current = next;
      for (const listener of listeners) listener(next);
      logger.info(`the certificate in ${files.certificate} is in use from now on`);
    } catch (error) {
      logger.error({ err: error }, 'the certificate that was in use before stays in use');
    }
  }

  for (const path of paths) watchFile(path, { interval: LOOK_INTERVAL_MS, persistent: false }, reload);
  return {
    clients: files.clients ? (files.clients.isRequired ? 'required' : 'optional') : 'none',
    get current() {
      return current;
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close() {
      for (const path of paths) unwatchFile(path, reload);
    },
  };
}

function load(files: CertificateFiles): Certificate {
  return {
    ...loadPair(files),
    clientAuthorities: files.clients ? loadAuthorities(files.clients.authorities) : null,
  };
}

function loadAuthorities(file: string): Buffer {
  try {
    const authorities = readFileSync(file);
    createSecureContext({ ca: authorities });
    new X509Certificate(authorities);
    return authorities;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError(
      `The authorities ${file} of client certificates cannot be used: ${why}. It must be a PEM file.`,
      {
        cause,
      },
    );
  }
}

function loadPair({ certificate, key }: CertificateFiles): Omit<Certificate, 'clientAuthorities'> {
  try {
    const pair = { certificate: readFileSync(certificate), privateKey: readFileSync(key) };
    createSecureContext({ cert: pair.certificate, key: pair.privateKey });
    return pair;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError(
      `The certificate ${certificate} with the key ${key} cannot be used: ${why}. Both must be PEM files that belong together.`,
      { cause },
    );
  }
}
