/** Sends whole Ethernet frames: packet(7). */
import { AF_PACKET, SOCK_CLOEXEC, SOCK_RAW } from '../wire/constants.js';
import { loadLibc } from '../wire/libc.js';
import { HOST_IS_LITTLE_ENDIAN, viewOf } from '../wire/writer.js';

export interface PacketSocket {
  send(interfaceIndex: number, frame: Uint8Array): void;
  close(): void;
}

/** It receives nothing: protocol 0. */
export function openPacketSocket(): PacketSocket {
  const libc = loadLibc();
  const fd = libc.socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
  return {
    send: (interfaceIndex, frame) => libc.sendTo(fd, frame, linkLayerAddress(interfaceIndex, frame)),
    close: () => libc.close(fd),
  };
}

/** `struct sockaddr_ll` of linux/if_packet.h, with the protocol and the destination that the frame names. */
function linkLayerAddress(interfaceIndex: number, frame: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(20);
  const view = viewOf(bytes);
  view.setUint16(0, AF_PACKET, HOST_IS_LITTLE_ENDIAN);
  bytes.set(frame.subarray(12, 14), 2);
  view.setInt32(4, interfaceIndex, HOST_IS_LITTLE_ENDIAN);
  bytes[11] = 6;
  bytes.set(frame.subarray(0, 6), 12);
  return bytes;
}
