/** Reads the addresses of a host, and adds and removes those of lvsd. */
import { constants } from 'node:os';
import type { HostOperation } from '../../domain/host-operation.js';
import type { HostAddress } from '../host.js';
import { NLM_F_CREATE, NLM_F_EXCL } from '../wire/constants.js';
import type { Verdict } from '../wire/message.js';
import {
  decodeAddress,
  encodeAddressQuestion,
  encodeDeletedAddress,
  encodeNewAddress,
  type InterfaceAddress,
} from './address-messages.js';
import { LVSD_ADDRESS_PROTOCOL, RTM } from './constants.js';
import { type Link, readLinks } from './links.js';
import { isLocal } from './routes.js';
import { assertPermitted } from './rtnetlink.js';
import { list, type Session } from './session.js';

const { EADDRNOTAVAIL, EEXIST, ENODEV } = constants.errno;

export type AddressOperation = Extract<HostOperation, { address: string }>;

export async function readAddresses(session: Session): Promise<HostAddress[]> {
  const links = await readLinks(session);
  const names = new Map(links.map(({ index, name }) => [index, name]));
  const found = await readInterfaceAddresses(session);
  return found.flatMap(({ index, address, prefixLength, protocol }) => {
    const name = names.get(index);
    // an interface that came between the two lists
    if (name === undefined) return [];
    return [{ interface: name, address, prefixLength, ours: protocol === LVSD_ADDRESS_PROTOCOL }];
  });
}

export function readInterfaceAddresses(session: Session): Promise<InterfaceAddress[]> {
  return list(session, { type: RTM.GETADDR, encode: encodeAddressQuestion, decode: decodeAddress });
}

/** Carries out the operations of one `apply`; interfaces and our addresses are read once, when they are first needed. */
export class AddressEditor {
  readonly #session: Session;
  #links: Map<string, Link> | undefined;
  #ours: Map<string, InterfaceAddress[]> | undefined;

  constructor(session: Session) {
    this.#session = session;
  }

  apply(operation: AddressOperation): Promise<Verdict> {
    switch (operation.command) {
      case 'NEW_ADDRESS':
        return this.#add(operation.address, operation.config);
      case 'SET_ADDRESS':
        return this.#move(operation.address, operation.config);
      case 'DEL_ADDRESS':
        return this.#remove(operation.address);
    }
  }

  async #add(address: string, config: { interface: string; prefixLength: number }): Promise<Verdict> {
    this.#links ??= new Map((await readLinks(this.#session)).map((link) => [link.name, link]));
    const link = this.#links.get(config.interface);
    if (!link) return { errno: ENODEV, extendedAck: `there is no interface ${config.interface}` };
    const target = { index: link.index, address, prefixLength: config.prefixLength };
    if (await this.#isHeld(target)) return { errno: EEXIST };
    const verdict = this.#session.connection.request({
      type: RTM.NEWADDR,
      flags: NLM_F_CREATE | NLM_F_EXCL,
      encode: (writer) => encodeNewAddress(writer, target),
    });
    assertPermitted(verdict);
    if (verdict.errno === 0) {
      const ours = this.#ours?.get(address) ?? [];
      this.#ours?.set(address, [...ours, { ...target, protocol: LVSD_ADDRESS_PROTOCOL }]);
    }
    return verdict;
  }

  /** The kernel would take one IPv4 address with two prefix lengths. Only an address that is local is looked for in the list. */
  async #isHeld({ index, address }: { index: number; address: string }): Promise<boolean> {
    if (address.includes(':') || !isLocal(this.#session, address)) return false;
    const found = await readInterfaceAddresses(this.#session);
    return found.some((one) => one.index === index && one.address === address);
  }

  async #move(address: string, config: { interface: string; prefixLength: number }): Promise<Verdict> {
    const before = await this.#oursOf(address);
    if (before.length === 0) return notOurs(address);
    const verdict = await this.#add(address, config);
    const there = this.#links?.get(config.interface)?.index;
    const isThere = before.some(({ index }) => index === there);
    if (verdict.errno !== 0 && !(verdict.errno === EEXIST && isThere)) return verdict;
    return this.#removeAll(before.filter(({ index }) => index !== there));
  }

  async #remove(address: string): Promise<Verdict> {
    const ours = await this.#oursOf(address);
    return ours.length === 0 ? notOurs(address) : this.#removeAll(ours);
  }

  #removeAll(addresses: readonly InterfaceAddress[]): Verdict {
    for (const target of addresses) {
      const verdict = this.#session.connection.request({
        type: RTM.DELADDR,
        encode: (writer) => encodeDeletedAddress(writer, target),
      });
      assertPermitted(verdict);
      if (verdict.errno !== 0 && verdict.errno !== EADDRNOTAVAIL) return verdict;
      const ours = this.#ours?.get(target.address) ?? [];
      this.#ours?.set(
        target.address,
        ours.filter((one) => one !== target),
      );
    }
    return { errno: 0 };
  }

  async #oursOf(address: string): Promise<readonly InterfaceAddress[]> {
    if (!this.#ours) {
      this.#ours = new Map();
      for (const one of await readInterfaceAddresses(this.#session)) {
        if (one.protocol !== LVSD_ADDRESS_PROTOCOL) continue;
        this.#ours.set(one.address, [...(this.#ours.get(one.address) ?? []), one]);
      }
    }
    return this.#ours.get(address) ?? [];
  }
}

function notOurs(address: string): Verdict {
  return { errno: EADDRNOTAVAIL, extendedAck: `no interface has ${address} from lvsd` };
}
