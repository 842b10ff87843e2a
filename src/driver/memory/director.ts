/**
 * What the modelled kernel holds besides its table: timeouts, synchronisation daemons and connections. Checks and errno are
 * those of ip_vs_genl_set_daemon, ip_vs_set_timeout and start_sync_thread (net/netfilter/ipvs/ip_vs_ctl.c, ip_vs_sync.c).
 */
import { constants } from 'node:os';
import {
  type Connection,
  type DaemonState,
  type DirectorOperation,
  type DirectorSettings,
  keptLength,
  type SyncDaemon,
  type Timeouts,
} from '../../domain/director-operation.js';
import { familyOf, familyOfAddress } from '../../domain/keys.js';
import type { KernelTable } from './kernel-table.js';

const { EEXIST, EINVAL, ENODEV, ESRCH } = constants.errno;

/** What a kernel has after it was started. */
const FIRST_TIMEOUTS: Timeouts = Object.freeze({ tcpSeconds: 900, tcpFinSeconds: 120, udpSeconds: 300 });

interface DirectorTraits {
  readonly table: KernelTable;
  readonly interfaces: ReadonlySet<string>;
  readonly ticksPerSecond: number;
}

export interface DirectorModel {
  settings(): DirectorSettings;
  /** Positive errno, or 0 when it is done. */
  apply(operation: DirectorOperation): number;
  /** Shown as the kernel's connections from now on. */
  connections: readonly Connection[];
}

export function createDirectorModel({ table, interfaces, ticksPerSecond }: DirectorTraits): DirectorModel {
  let timeouts = FIRST_TIMEOUTS;
  const daemons: Record<DaemonState, SyncDaemon | null> = { master: null, backup: null };

  /** ip_vs_set_timeout: none is set when one of them does not fit. */
  function setTimeouts(wanted: Timeouts): number {
    const most = Math.floor(0x7fffffff / ticksPerSecond);
    if (Object.values(wanted).some((seconds: number) => seconds < 0 || seconds > most)) return EINVAL;
    timeouts = Object.freeze({
      tcpSeconds: wanted.tcpSeconds || timeouts.tcpSeconds,
      tcpFinSeconds: wanted.tcpFinSeconds || timeouts.tcpFinSeconds,
      udpSeconds: wanted.udpSeconds || timeouts.udpSeconds,
    });
    return 0;
  }

  function startDaemon(state: DaemonState, config: SyncDaemon): number {
    if (hasMixedFamilies(table)) return EINVAL;
    if (!interfaces.has(config.interface)) return ENODEV;
    if (daemons[state]) return EEXIST;
    daemons[state] = Object.freeze({ ...config, maxLength: keptLength(state, config) });
    return 0;
  }

  function stopDaemon(state: DaemonState): number {
    if (!daemons[state]) return ESRCH;
    daemons[state] = null;
    return 0;
  }

  return {
    connections: [],
    settings: () => ({ timeouts, syncDaemons: { ...daemons } }),
    apply(operation) {
      switch (operation.command) {
        case 'SET_CONFIG':
          return setTimeouts(operation.config);
        case 'NEW_DAEMON':
          return startDaemon(operation.state, operation.config);
        case 'DEL_DAEMON':
          return stopDaemon(operation.state);
        case 'ZERO':
          return operation.frontend && !table.find(operation.frontend) ? ESRCH : 0;
      }
    },
  };
}

function hasMixedFamilies(table: KernelTable): boolean {
  for (const { entry, destinations } of table.services.values()) {
    const family = familyOf(entry.frontend);
    for (const { backend } of destinations.values()) {
      if (familyOfAddress(backend.address) !== family) return true;
    }
  }
  return false;
}
