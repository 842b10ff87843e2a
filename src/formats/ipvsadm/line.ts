/** What a command line of ipvsadm says. */
import type { Backend, Frontend } from '../../domain/keys.js';
import type { DaemonOptions } from './daemon-options.js';
import type { CommandName, Slot, TunnelType } from './options.js';
import type { SchedulerFlagNumber } from './scheduler-flags.js';

export interface CommandLine {
  readonly command: CommandName;
  readonly given: ReadonlySet<Slot>;
  readonly frontend: Frontend | null;
  readonly scheduler: string;
  readonly schedulerFlags: readonly SchedulerFlagNumber[];
  /** Seconds; null: not persistent. */
  readonly persistentSeconds: number | null;
  /** Dotted, or the length of an IPv6 prefix. */
  readonly netmask: string;
  readonly engine: string | null;
  readonly onePacket: boolean;
  readonly backend: Backend | null;
  /** The port that `-r` has; null: none. With direct routing and tunnels the backend has the service's all the same. */
  readonly backendPort: number | null;
  readonly method: 'nat' | 'dr' | 'tun';
  readonly tunnel: {
    readonly type: TunnelType;
    readonly port: number | null;
    readonly checksum: 'none' | 'csum' | 'remcsum';
  };
  readonly weight: number;
  readonly upperThreshold: number;
  readonly lowerThreshold: number;
  readonly daemon: DaemonOptions;
  /** `--set`: tcp, tcpfin, udp. */
  readonly timeouts: readonly [number, number, number] | null;
}

/** A command line while it is read. */
export type State = { -readonly [Name in keyof CommandLine]: CommandLine[Name] } & {
  given: Set<Slot>;
  /** Of `-b`: what they mean depends on the scheduler, which may stand behind them. */
  flags: string;
};

/** The defaults of ipvsadm. */
export function initialState(command: CommandName): State {
  return {
    command,
    given: new Set(),
    frontend: null,
    scheduler: 'wlc',
    schedulerFlags: [],
    flags: '',
    persistentSeconds: null,
    netmask: '255.255.255.255',
    engine: null,
    onePacket: false,
    backend: null,
    backendPort: null,
    method: 'dr',
    tunnel: { type: 'ipip', port: null, checksum: 'none' },
    weight: 1,
    upperThreshold: 0,
    lowerThreshold: 0,
    daemon: { state: 'master', interface: 'eth0' },
    timeouts: null,
  };
}
