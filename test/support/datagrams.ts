/** Datagrams that make connections. */
import { createSocket } from 'node:dgram';

/** What the persistence engine sip reads. */
export const CALL = 'OPTIONS sip:a@b SIP/2.0\r\nCall-ID: call-7@example\r\nContent-Length: 0\r\n\r\n';

/** One datagram from a port of its own. */
export async function sendTo(address: string, port: number, text: string): Promise<void> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  await new Promise<unknown>((resolve) => socket.send(text, port, address, resolve));
  socket.close();
}
