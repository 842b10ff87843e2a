/** Reads requests back with the driver's own decoder. */
import { destinationKey, familyOf, frontendKey } from '../../src/domain/keys.js';
import type { Command, Operation } from '../../src/domain/table.js';
import {
  backendOf,
  destinationConfigOf,
  frontendOf,
  serviceConfigOf,
} from '../../src/driver/netlink/codec.js';
import { IPVS_CMD } from '../../src/driver/netlink/constants.js';
import { attributesStart } from '../../src/driver/netlink/generic.js';
import { ENTRY } from '../../src/driver/netlink/tables.js';
import { Source } from '../../src/driver/wire/attributes.js';
import { messagesOf } from '../../src/driver/wire/message.js';

const COMMANDS = new Map<number, string>(Object.entries(IPVS_CMD).map(([name, number]) => [number, name]));

/** The operation that these bytes, one message, ask for. */
export function decodeOperation(bytes: Buffer): Operation {
  const [message, ...others] = messagesOf(new Source(bytes));
  if (message === undefined || others.length > 0) throw new Error('not one message');
  const command = COMMANDS.get(bytes.readUInt8(message.start)) as Command;
  const values = ENTRY.decode(message.source, attributesStart(message), message.end);
  const frontend = values.service && frontendOf(values.service);
  if (values.service === undefined || frontend === undefined) throw new Error('no service');
  const key = frontendKey(frontend);
  if (command === 'DEL_SERVICE') return { command, key, frontend };
  if (command === 'NEW_SERVICE' || command === 'SET_SERVICE') {
    return { command, key, frontend, config: serviceConfigOf(values.service, familyOf(frontend)) };
  }
  if (values.destination === undefined) throw new Error('no destination');
  const backend = backendOf(values.destination, familyOf(frontend));
  const target = { key: destinationKey(key, backend), frontend, backend };
  if (command === 'DEL_DEST') return { command, ...target };
  return { command, ...target, config: destinationConfigOf(values.destination) };
}
