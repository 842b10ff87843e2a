/** Bytes that are hardly HTTP: requests cut, garbled, piled up, or with fields that contradict one another. */
import { connect } from 'node:net';
import fc, { type Arbitrary } from 'fast-check';
import { documentedOperations } from '../documented-answers.js';

const FIELDS = [
  'content-length: 5',
  'content-length: -1',
  'content-length: 99999999999999999999',
  'Content-Length: 0\r\nContent-Length: 7',
  'transfer-encoding: chunked',
  'transfer-encoding: chunked, identity',
  'transfer-encoding : chunked',
  'host: localhost\r\nhost: evil.example',
  'host:',
  'connection: upgrade\r\nupgrade: h2c',
  'connection: close, keep-alive',
  'expect: 100-continue',
  ' folded: yes',
  'x\0y: z',
  ': nameless',
  'cookie: a=b',
  `x-long: ${'y'.repeat(20_000)}`,
  'content-type: application/json\r\ncontent-type: text/plain',
  'authorization: Bearer a\r\nauthorization: Bearer b',
];
const BODIES = [
  '',
  '{}',
  '5\r\n{}   \r\n0\r\n\r\n',
  'zz\r\n',
  '{"name":',
  'GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n',
];

const lines = fc
  .record({
    method: fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'get', 'CONNECT', 'PRI', '', 'G\0T'),
    path: fc.oneof(
      fc.constantFrom(
        ...documentedOperations.map(({ path }) => path),
        '*',
        '//',
        '/%',
        'http://evil.example/',
        '/a b',
      ),
      fc.string({ maxLength: 20 }),
    ),
    version: fc.constantFrom('HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0', 'HTTP/2.0', 'HTTP/9', ''),
    fields: fc.subarray(FIELDS, { maxLength: 3 }),
    end: fc.constantFrom('\r\n', '\r\n', '\r\n', '\n', '\r'),
    body: fc.constantFrom(...BODIES),
  })
  .map(({ method, path, version, fields, end, body }) =>
    [`${method} ${path} ${version}`, 'host: localhost', ...fields, '', body].join(end),
  );

/** As latin1 text. */
export const rawBytes: Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: lines },
  { weight: 2, arbitrary: fc.tuple(lines, fc.nat(200)).map(([text, at]) => text.slice(0, at)) },
  { weight: 2, arbitrary: fc.tuple(lines, lines).map(([one, two]) => one + two) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(lines, fc.nat(200), fc.nat(255))
      .map(([text, at, byte]) => text.slice(0, at) + String.fromCharCode(byte) + text.slice(at + 1)),
  },
  {
    weight: 1,
    arbitrary: fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
  },
);

const SILENCE_MS = 10_000;

/** Sends the bytes and nothing after them; gives what came until the server closed the connection. */
export function exchangeRaw(port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let answer = '';
    socket.setEncoding('latin1');
    socket.setTimeout(SILENCE_MS, () => socket.destroy(new Error('the connection stays open')));
    socket.on('data', (text: string) => {
      answer += text;
    });
    socket.on('close', () => resolve(answer));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error);
    });
    socket.end(bytes, 'latin1');
  });
}
