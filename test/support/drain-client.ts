// A client for tests, to be run in a network namespace: `drain-client.js URL SOURCE`. Prints `started SERVER` with the head
// of the answer and `received BYTES` at its end. Then it resets the connection: the kernel forgets that after 10 s, a closed one
// after two minutes (tcp_timeouts of ip_vs_proto_tcp.c).
import { get } from 'node:http';

const [, , url = '', localAddress = ''] = process.argv;

get(url, { localAddress, agent: false }, (response) => {
  console.log(`started ${response.headers['x-real-server']}`);
  let bytes = 0;
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes === Number(response.headers['content-length'])) {
      console.log(`received ${bytes}`);
      response.socket.resetAndDestroy();
    }
  });
  response.on('error', (error) => console.log(`failed ${error.message}`));
});
