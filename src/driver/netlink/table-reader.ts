/** Reads the table: a list of services, then one list of destinations for each, as the protocol has it. */
import { constants } from 'node:os';
import type { Frontend } from '../../domain/keys.js';
import type { DestinationEntry, ServiceEntry, TableEntry } from '../../domain/table.js';
import { malformed } from '../wire/malformed.js';
import type { Message } from '../wire/message.js';
import { destinationEntryOf, encodeFrontend, type OwningService, serviceEntryOf } from './codec.js';
import { IPVS_CMD } from './constants.js';
import { attributesStart, type GenericRequest, generic, writeGenericHeader } from './generic.js';
import { assertAnswered, type Session } from './session.js';
import { ENTRY, ENTRY_WITH_STATS, ENTRY_WITH_STATS_32, type EntryValues } from './tables.js';

const { EAFNOSUPPORT, ESRCH } = constants.errno;

/** How often a list is asked for before it is taken as good as it can be had. */
const DUMPS_MAX = 6;

export class TableReader {
  readonly #session: Session;
  readonly #stats: boolean;

  constructor(session: Session, stats: boolean) {
    this.#session = session;
    this.#stats = stats;
  }

  async all(): Promise<Map<string, TableEntry>> {
    return this.#withDestinations(await this.#dumpServices());
  }

  /** The services of these frontends that are there. */
  async some(frontends: readonly Frontend[]): Promise<Map<string, TableEntry>> {
    return this.#withDestinations(await this.#getServices(frontends));
  }

  /** A service that vanished since it was read has no destinations: those without any are asked for again. */
  async #withDestinations(services: readonly ServiceEntry[]): Promise<Map<string, TableEntry>> {
    const table = new Map<string, TableEntry>();
    const empty = new Map<string, Frontend>();
    for (const service of services) {
      const destinations = await this.#dumpDestinations(service);
      if (destinations.length === 0) empty.set(service.key, service.frontend);
      table.set(service.key, service);
      for (const destination of destinations) table.set(destination.key, destination);
    }
    for (const { key } of await this.#getServices([...empty.values()])) empty.delete(key);
    for (const key of empty.keys()) table.delete(key);
    return table;
  }

  #dumpServices(): Promise<ServiceEntry[]> {
    return this.#dumpUntilStable('GET_SERVICE', { decode: (message) => this.#serviceOf(message) });
  }

  #dumpDestinations(service: OwningService): Promise<DestinationEntry[]> {
    return this.#dumpUntilStable('GET_DEST', {
      encode: (writer) => encodeFrontend(writer, service.frontend),
      decode: (message, neighbour) => this.#destinationOf(message, service, neighbour),
    });
  }

  async #getServices(frontends: readonly Frontend[]): Promise<ServiceEntry[]> {
    const services: ServiceEntry[] = [];
    const verdicts = await this.#session.connection.requestAll({
      type: this.#session.family(),
      items: frontends,
      encode(writer, frontend) {
        writeGenericHeader(writer, IPVS_CMD.GET_SERVICE);
        encodeFrontend(writer, frontend);
      },
      onReply: (_, message) => {
        const service = this.#serviceOf(message);
        if (service) services.push(service);
      },
      pace: this.#session.pace,
    });
    for (const verdict of verdicts) {
      if (verdict.errno !== ESRCH && verdict.errno !== EAFNOSUPPORT) assertAnswered(verdict, 'GET_SERVICE');
    }
    return services;
  }

  /**
   * The kernel walks its table by counting, and lets changes in between two datagrams of a list: entries are then shown
   * twice or left out without a mark. A list of one datagram is exact; a longer one is asked for until two lists in a
   * row name the same entries. Under endless change it is the union of the last two.
   */
  async #dumpUntilStable<T extends { readonly key: string }>(
    command: 'GET_SERVICE' | 'GET_DEST',
    {
      encode,
      decode,
    }: Pick<GenericRequest, 'encode'> & { decode(message: Message, neighbour: T | undefined): T | undefined },
  ): Promise<T[]> {
    let previous: Map<string, T> | undefined;
    for (let dumps = 1; ; dumps++) {
      const entries: T[] = [];
      const outcome = await this.#session.connection.dump(
        generic({
          family: this.#session.family(),
          command: IPVS_CMD[command],
          ...(encode && { encode }),
          onReply(message) {
            const entry = decode(message, entries.at(-1));
            if (entry) entries.push(entry);
          },
        }),
        this.#session.pace,
      );
      assertAnswered(outcome, command);
      if (outcome.isAtomic && !outcome.isInterrupted) return entries;
      const current = new Map(entries.map((entry) => [entry.key, entry]));
      const isWhole = current.size === entries.length && !outcome.isInterrupted;
      if (isWhole && haveSameKeys(previous, current)) return entries;
      if (dumps === DUMPS_MAX) return [...new Map([...(previous ?? []), ...current]).values()];
      previous = current;
    }
  }

  #serviceOf(message: Message): ServiceEntry | undefined {
    const { service } = this.#decode(message);
    if (service === undefined) throw malformed('an answer to GET_SERVICE has no service');
    return serviceEntryOf(service, this.#stats);
  }

  #destinationOf(
    message: Message,
    service: OwningService,
    neighbour: DestinationEntry | undefined,
  ): DestinationEntry {
    const { destination } = this.#decode(message);
    if (destination === undefined) throw malformed('an answer to GET_DEST has no destination');
    return destinationEntryOf(destination, service, { stats: this.#stats, neighbour });
  }

  #decode(message: Message): EntryValues {
    const { source, end } = message;
    const start = attributesStart(message);
    if (!this.#stats) return ENTRY.decode(source, start, end);
    const values = ENTRY_WITH_STATS.decode(source, start, end);
    const hasStats = (values.service ?? values.destination)?.stats !== undefined;
    return hasStats ? values : ENTRY_WITH_STATS_32.decode(source, start, end);
  }
}

/** In the same order too: an entry that moved was removed and added again. */
function haveSameKeys(
  before: ReadonlyMap<string, unknown> | undefined,
  now: ReadonlyMap<string, unknown>,
): boolean {
  if (before === undefined || before.size !== now.size) return false;
  const keys = now.keys();
  for (const key of before.keys()) if (keys.next().value !== key) return false;
  return true;
}
