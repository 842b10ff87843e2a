/**
 * A director with a client and real servers around it, each in a network namespace of the guest; the director is the guest
 * itself, and forwards with method nat.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { whenFileEnds } from './kernel-server.js';

export const VIP = '10.91.0.100';
/** Addresses of the client. */
export const CLIENTS = ['10.91.0.2', '10.91.0.3'] as const;
/** Port of every real server. */
export const WEB_PORT = 8080;

export interface Download {
  readonly process: ChildProcess;
  /** The name of the real server that answers. */
  readonly server: Promise<string>;
  /** Bytes that arrived. Rejects when the answer breaks off. */
  readonly bytes: Promise<number>;
}

interface Running {
  readonly process: ChildProcess;
  /** The first group (or all) of the first line of output that matches. Rejects when the output ends without one. */
  line(pattern: RegExp): Promise<string>;
}

function ip(...args: string[]): void {
  execFileSync('ip', args);
}

/** The network without any real server. It lives as long as the guest. */
export function createDirectorNetwork(): void {
  execFileSync('sysctl', ['-qw', 'net.ipv4.ip_forward=1']);
  ip('address', 'add', `${VIP}/32`, 'dev', 'lo');
  addNamespace('client', { director: '10.91.0.1', addresses: CLIENTS });
}

/** A real server that answers at this address; it ends with the test file. */
export async function addRealServer(name: string, subnet: string): Promise<string> {
  const address = `${subnet}.2`;
  addNamespace(name, { director: `${subnet}.1`, addresses: [address] });
  await spawnIn(name, ['drain-web.js', name, String(WEB_PORT)]).line(/^listening$/);
  return address;
}

function addNamespace(
  name: string,
  { director, addresses }: { director: string; addresses: readonly string[] },
): void {
  ip('netns', 'add', name);
  ip('link', 'add', `to-${name}`, 'type', 'veth', 'peer', 'name', 'uplink', 'netns', name);
  ip('address', 'add', `${director}/24`, 'dev', `to-${name}`);
  ip('link', 'set', `to-${name}`, 'up');
  ip('-n', name, 'link', 'set', 'lo', 'up');
  for (const address of addresses) ip('-n', name, 'address', 'add', `${address}/24`, 'dev', 'uplink');
  ip('-n', name, 'link', 'set', 'uplink', 'up');
  ip('-n', name, 'route', 'add', 'default', 'via', director);
}

/** Begins to fetch from a virtual service, from the client's first or another address. */
export function fetchFromVip(port: number, path: string, source: string = CLIENTS[0]): Download {
  const client = spawnIn('client', ['drain-client.js', `http://${VIP}:${port}${path}`, source]);
  const server = client.line(/^started (.*)$/);
  const bytes = client.line(/^received (\d+)$/).then(Number);
  // who waits for one of them only is not to fail for the other
  server.catch(() => undefined);
  bytes.catch(() => undefined);
  return { process: client.process, server, bytes };
}

/** Which real server answers a new connection. */
export async function whoAnswers(port: number, source?: string): Promise<string> {
  const { server, bytes } = fetchFromVip(port, '/name', source);
  const name = await server;
  await bytes;
  return name;
}

/** A script of this folder in a namespace. */
function spawnIn(namespace: string, [file = '', ...args]: string[]): Running {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const child = spawn('ip', ['netns', 'exec', namespace, process.execPath, path, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  whenFileEnds(() => child.kill('SIGKILL'));
  const output = new EventEmitter();
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (text) => {
    lines.push(text);
    output.emit('change');
  });
  child.stdout.on('close', () => output.emit('change'));

  return {
    process: child,
    async line(pattern) {
      for (;;) {
        const match = lines.map((text) => pattern.exec(text)).find((one) => one !== null);
        if (match) return match[1] ?? match[0];
        if (child.stdout.closed) throw new Error(`it ended without ${pattern}: ${lines.join(', ')}`);
        await once(output, 'change');
      }
    },
  };
}
