// A real server for tests, to be run in a network namespace: `drain-web.js NAME PORT`. /name answers who it is; /download
// sends DOWNLOAD_BYTES at a pace that takes eight seconds, /download/3 three times as many in three times as long.
import { createServer } from 'node:http';

const CHUNKS = 40;
const CHUNK_BYTES = 16 * 1024;
const PAUSE_MS = 200;
export const DOWNLOAD_BYTES = CHUNKS * CHUNK_BYTES;

const [, script, name = '', port = ''] = process.argv;
if (script === import.meta.filename) serve();

function serve(): void {
  const server = createServer((request, response) => {
    response.setHeader('x-real-server', name);
    const [, path, times = '1'] = request.url?.split('/') ?? [];
    if (path !== 'download') {
      response.end(name);
      return;
    }
    const chunks = CHUNKS * Number(times);
    response.setHeader('content-length', chunks * CHUNK_BYTES);
    let sent = 0;
    const timer = setInterval(() => {
      response.write(Buffer.alloc(CHUNK_BYTES, 'x'));
      sent += 1;
      if (sent === chunks) {
        clearInterval(timer);
        response.end();
      }
    }, PAUSE_MS);
    request.socket.on('close', () => clearInterval(timer));
    // a client that has what it wants resets the connection
    request.socket.on('error', () => undefined);
  });
  server.listen(Number(port), () => console.log('listening'));
}
