/** What the lab's client gets when it asks a VIP: over HTTP with curl, over UDP and SCTP with sockets of its own. */
import { execFile } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6, Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { commandIn } from './namespaces.js';
import { CLIENT } from './network.js';
import { connect, type Endpoint, openIn, type Protocol } from './sockets.js';

const LIMIT_MS = 5_000;

export interface Question {
  readonly protocol: Protocol;
  readonly vip: Endpoint;
  /** The client's address. */
  readonly source: string;
  /** Each on a connection of its own, one after the other. */
  readonly times: number;
}

/** The answers in their order. Rejects when one does not come in five seconds. */
export async function ask({ protocol, vip, source, times }: Question): Promise<string[]> {
  if (protocol === 'tcp') return askOverHttp(vip, source, times);
  const answers = [];
  for (let index = 0; index < times; index++) {
    answers.push((await (protocol === 'udp' ? askOverUdp(vip, source) : askOverSctp(vip, source))).trim());
  }
  return answers;
}

async function askOverHttp({ address, port }: Endpoint, source: string, times: number): Promise<string[]> {
  const url = `http://${isIPv6(address) ? `[${address}]` : address}:${port}/`;
  const limits = ['--max-time', String(LIMIT_MS / 1000)];
  const curl = ['curl', '-sS', ...limits, '--interface', source, ...Array<string>(times).fill(url)];
  const { stdout } = await promisify(execFile)(...commandIn(CLIENT, curl));
  return stdout.trim().split('\n');
}

async function askOverUdp({ address, port }: Endpoint, source: string): Promise<string> {
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  socket.bind({ fd: openIn(CLIENT, 'udp', { address: source, port: 0 }) });
  try {
    const answer = once(socket, 'message', { signal: AbortSignal.timeout(LIMIT_MS) });
    socket.send('who are you?', port, address);
    const [bytes] = (await answer) as [Buffer];
    return bytes.toString();
  } finally {
    socket.close();
  }
}

async function askOverSctp(vip: Endpoint, source: string): Promise<string> {
  const fd = openIn(CLIENT, 'sctp', { address: source, port: 0 });
  connect(fd, vip);
  const socket = new Socket({ fd });
  socket.setTimeout(LIMIT_MS, () => socket.destroy(new Error(`no answer from ${vip.address} over SCTP`)));
  return text(socket);
}
