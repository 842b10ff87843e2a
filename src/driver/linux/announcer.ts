/** Tells the neighbours of an interface that an address is here now, so that they forget where it was. */
import { readFile } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { announcementFrames } from './frames.js';
import { type Link, readLinks } from './links.js';
import { openPacketSocket, type PacketSocket } from './packet-socket.js';
import { useRouteNetlink } from './rtnetlink.js';

export interface Announcer {
  /** Announces an address at once and a few times again; returns before anything is sent. A new call replaces the old. */
  announce(address: string, interfaceName: string): void;
  /** The address is not here any more: what is still to be sent is not. */
  forget(address: string): void;
  close(): void;
}

/**
 * Frames get lost, switches learn late, and Linux takes no second change of a neighbour within a second (locktime of
 * arp(7)): so again after these times.
 */
const REPEAT_AFTER_MS = [1000, 2000, 4000];

/** Addresses announced in one turn of the event loop. */
const TURN_MAX = 64;

/** `warn` is told what could not be announced; nobody waits for an announcement. */
export function createAnnouncer(warn: (message: string) => void): Announcer {
  /** Interface by address, of the addresses that are being announced. */
  const current = new Map<string, string>();
  let waiting = new Map<string, string>();
  const timers = new Set<NodeJS.Timeout>();

  function later(milliseconds: number, round: ReadonlyMap<string, string>): void {
    const timer = setTimeout(() => {
      timers.delete(timer);
      void send(round);
    }, milliseconds);
    timer.unref();
    timers.add(timer);
  }

  function begin(): void {
    const round = waiting;
    waiting = new Map();
    for (const delay of [0, ...REPEAT_AFTER_MS]) later(delay, round);
  }

  async function send(round: ReadonlyMap<string, string>): Promise<void> {
    const due = [...round].filter(([address, name]) => current.get(address) === name);
    if (due.length === 0) return;
    let socket: PacketSocket | undefined;
    try {
      const links = new Map((await useRouteNetlink(readLinks)).map((link) => [link.name, link]));
      socket = openPacketSocket();
      for (const [index, [address, name]] of due.entries()) {
        if (index % TURN_MAX === TURN_MAX - 1) await nextTurn();
        const link = links.get(name);
        if (current.get(address) === name && link) await announceOn(socket, link, address);
      }
    } catch (error) {
      const [[first, name] = ['', '']] = due;
      const others = due.length > 1 ? ` and ${due.length - 1} more` : '';
      warn(`announcing ${first} on ${name}${others} failed: ${(error as Error).message}`);
    } finally {
      socket?.close();
    }
  }

  return {
    announce(address, interfaceName) {
      current.set(address, interfaceName);
      waiting.set(address, interfaceName);
      if (waiting.size === 1) queueMicrotask(begin);
    },
    forget(address) {
      current.delete(address);
    },
    close() {
      current.clear();
      for (const timer of timers) clearTimeout(timer);
      timers.clear();
    },
  };
}

/** On a link that is down, or that has no neighbours to find, there is nobody to tell. */
async function announceOn(socket: PacketSocket, link: Link, address: string): Promise<void> {
  const { mac, name } = link;
  if (!link.up || !link.hasNeighbours || mac === null) return;
  const isRouter = address.includes(':') && (await forwardsIpv6(name));
  for (const frame of announcementFrames({ address, mac, isRouter })) socket.send(link.index, frame);
}

async function forwardsIpv6(interfaceName: string): Promise<boolean> {
  try {
    const text = await readFile(`/proc/sys/net/ipv6/conf/${interfaceName}/forwarding`, 'utf8');
    return text.trim() !== '0';
  } catch {
    return false;
  }
}
