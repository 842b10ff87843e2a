/** `HostDriver` on the Linux of the network namespace that this process is in. */
import { constants, release } from 'node:os';
import type { HostOperation, SnatConfig } from '../../domain/host-operation.js';
import type { Family } from '../../domain/keys.js';
import type { Refusals } from '../driver.js';
import type { HostCapabilities, HostDriver, HostLink, HostRoute } from '../host.js';
import { KernelError, KernelUnavailableError } from '../kernel-error.js';
import type { Verdict } from '../wire/message.js';
import { AddressEditor, type AddressOperation, readAddresses } from './addresses.js';
import { type Announcer, createAnnouncer } from './announcer.js';
import { readHostCapabilities } from './capabilities.js';
import { readLinks } from './links.js';
import { ProgramError } from './program.js';
import { lookUpRoute } from './routes.js';
import { useRouteNetlink } from './rtnetlink.js';
import type { Session } from './session.js';
import { listSetNames } from './snat/set-names.js';
import { createSourceNat, familyOfOperation, type SnatOperation } from './snat/source-nat.js';
import { readSysctls } from './sysctls.js';

export interface LinuxHostOptions {
  /** Where the kernel's module trees are. Default /lib/modules. */
  readonly modulesDirectory?: string;
  /** Is told what went wrong where nobody waits: with announcements. */
  readonly warn: (message: string) => void;
}

const FAMILIES: readonly Family[] = ['ipv4', 'ipv6'];

export function createLinuxHost({ modulesDirectory = '/lib/modules', warn }: LinuxHostOptions): HostDriver {
  const files = { release: release(), modulesDirectory };
  const announcer = createAnnouncer(warn);
  const sourceNat = { ipv4: createSourceNat('ipv4', files), ipv6: createSourceNat('ipv6', files) };
  let able: HostCapabilities | undefined;
  let turn: Promise<unknown> = Promise.resolve();
  let isClosed = false;

  /** Changes, and readings of what takes several of them, follow one another. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = turn.then(() => whileOpen(work));
    turn = result.catch(() => undefined);
    return result;
  }

  async function whileOpen<T>(work: () => Promise<T>): Promise<T> {
    if (isClosed) throw new KernelUnavailableError('the driver is closed');
    return work();
  }

  /** Asked again until there is nothing that it lacks. */
  async function capabilities(): Promise<HostCapabilities> {
    if (able) return able;
    const found = await readHostCapabilities(files);
    if (found.addresses === null && found.snat === null) able = found;
    return found;
  }

  async function applySnat(operations: readonly SnatOperation[]): Promise<Verdict[]> {
    const { snat } = await capabilities();
    if (snat !== null)
      return operations.map(() => ({ errno: constants.errno.EOPNOTSUPP, extendedAck: snat }));
    const verdicts = new Map<SnatOperation, Verdict>();
    for (const family of FAMILIES) {
      const some = operations.filter((operation) => familyOfOperation(operation) === family);
      const answers = await sourceNat[family].apply(some);
      for (const [index, operation] of some.entries())
        verdicts.set(operation, answers[index] ?? { errno: 0 });
    }
    return operations.map((operation) => verdicts.get(operation) ?? { errno: 0 });
  }

  async function apply(operations: readonly HostOperation[]): Promise<Refusals> {
    const refusals: Refusals = [];
    for (const run of runsOf(operations)) {
      const verdicts = isSnatRun(run) ? await applySnat(run) : await applyAddresses(run, announcer);
      for (const [index, operation] of run.entries()) {
        const { errno, extendedAck } = verdicts[index] ?? { errno: 0 };
        const { command, key } = operation;
        const details = { errno, command, key, ...(extendedAck !== undefined && { extendedAck }) };
        refusals.push(errno === 0 ? null : new KernelError(details));
      }
    }
    return refusals;
  }

  async function readSnat(): Promise<ReadonlyMap<string, SnatConfig>> {
    // without the programs there is nothing of ours
    if ((await capabilities()).snat !== null) return new Map();
    try {
      let listed: Promise<readonly string[]> | undefined;
      const names = () => {
        listed ??= listSetNames();
        return listed;
      };
      return new Map([...(await sourceNat.ipv4.read(names)), ...(await sourceNat.ipv6.read(names))]);
    } catch (error) {
      if (!(error instanceof ProgramError)) throw error;
      throw new KernelUnavailableError(`source NAT cannot be read: ${error.message}`, { cause: error });
    }
  }

  return {
    capabilities: () => whileOpen(capabilities),
    readAddresses: () => whileOpen(() => useRouteNetlink(readAddresses)),
    readSnat: () => inTurn(readSnat),
    apply: (operations) => inTurn(() => apply(operations)),
    route: (address) => whileOpen(() => useRouteNetlink((session) => routeTo(session, address))),
    links: () => whileOpen(() => useRouteNetlink(hostLinks)),
    readSysctls: (paths) => whileOpen(() => readSysctls(paths)),
    close() {
      isClosed = true;
      announcer.close();
    },
  };
}

async function routeTo(session: Session, address: string): Promise<HostRoute | null> {
  return lookUpRoute(session, address, await readLinks(session));
}

async function hostLinks(session: Session): Promise<HostLink[]> {
  return (await readLinks(session)).map(({ hasNeighbours: _, ...link }) => link);
}

function applyAddresses(operations: readonly AddressOperation[], announcer: Announcer): Promise<Verdict[]> {
  return useRouteNetlink(async (session) => {
    const editor = new AddressEditor(session);
    const verdicts: Verdict[] = [];
    for (const operation of operations) {
      const verdict = await editor.apply(operation);
      verdicts.push(verdict);
      if (operation.command === 'DEL_ADDRESS') announcer.forget(operation.address);
      else if (verdict.errno === 0) announcer.announce(operation.address, operation.config.interface);
      const pause = session.pace();
      if (pause) await pause;
    }
    return verdicts;
  });
}

function isSnat(operation: HostOperation): operation is SnatOperation {
  return 'frontend' in operation;
}

function isSnatRun(
  run: readonly SnatOperation[] | readonly AddressOperation[],
): run is readonly SnatOperation[] {
  return run.some(isSnat);
}

/** Neighbouring operations of one sort, which are carried out together. */
function runsOf(operations: readonly HostOperation[]): (SnatOperation[] | AddressOperation[])[] {
  const runs: (SnatOperation[] | AddressOperation[])[] = [];
  let snat: SnatOperation[] = [];
  let addresses: AddressOperation[] = [];
  for (const operation of operations) {
    if (isSnat(operation)) {
      if (snat.length === 0) runs.push(snat);
      snat.push(operation);
      addresses = [];
    } else {
      if (addresses.length === 0) runs.push(addresses);
      addresses.push(operation);
      snat = [];
    }
  }
  return runs;
}
