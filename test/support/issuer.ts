/** An OpenID Connect issuer of our own: discovery and keys over HTTP, and tokens signed with them. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';

export interface Issuer {
  /** Its name in `iss`; the port stays the same when it is stopped and started. */
  readonly url: string;
  /** How often it was asked for its keys. */
  readonly keyReads: number;
  /** Signs with the newest key; what is given goes over the defaults. */
  sign(claims?: Readonly<Record<string, unknown>>, header?: { readonly kid?: string }): Promise<string>;
  /** From now on it signs with another key and publishes only that. */
  rotate(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export async function createIssuer(): Promise<Issuer> {
  let generation = 0;
  let keyReads = 0;
  let published: JWK;
  let privateKey: CryptoKey;
  let port = 0;
  let url = '';
  let server: Server;

  async function rotate(): Promise<void> {
    const pair = await generateKeyPair('ES256');
    generation += 1;
    privateKey = pair.privateKey;
    published = { ...(await exportJWK(pair.publicKey)), kid: `key-${generation}`, alg: 'ES256' };
  }

  async function start(): Promise<void> {
    server = createServer((request, response) => {
      if (request.url === '/keys') keyReads += 1;
      const documents: Readonly<Record<string, object>> = {
        '/.well-known/openid-configuration': { issuer: url, jwks_uri: `${url}/keys` },
        '/keys': { keys: [published] },
      };
      const document = documents[request.url ?? ''];
      response.writeHead(document ? 200 : 404, { 'content-type': 'application/json', connection: 'close' });
      response.end(JSON.stringify(document ?? {}));
    }).listen(port, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
    url = `http://127.0.0.1:${port}`;
  }

  await rotate();
  await start();
  return {
    get url() {
      return url;
    },
    get keyReads() {
      return keyReads;
    },
    sign(claims = {}, { kid = `key-${generation}` } = {}) {
      const seconds = Math.floor(Date.now() / 1000);
      const given = { iss: url, aud: 'lvsd', sub: 'u-1', iat: seconds, exp: seconds + 300, ...claims };
      return new SignJWT(given).setProtectedHeader({ alg: 'ES256', kid }).sign(privateKey);
    },
    rotate,
    start,
    async stop() {
      server.close();
      await once(server, 'close');
    },
  };
}
