/** A director's settings as ipvsadm 1.31 prints them: `ipvsadm -L --timeout` and `ipvsadm -L --daemon`, byte for byte. */
import {
  DAEMON_STATES,
  type DaemonState,
  type SyncDaemon,
  type SyncDaemons,
  type Timeouts,
} from './director-operation.js';

export function ipvsadmTimeouts({ tcpSeconds, tcpFinSeconds, udpSeconds }: Timeouts): string {
  return `Timeout (tcp tcpfin udp): ${tcpSeconds} ${tcpFinSeconds} ${udpSeconds}\n`;
}

/** A line for each daemon that runs; no text at all when none does. */
export function ipvsadmDaemons(daemons: SyncDaemons): string {
  return DAEMON_STATES.flatMap((state) => {
    const daemon = daemons[state];
    return daemon ? [daemonLine(state, daemon)] : [];
  }).join('');
}

function daemonLine(state: DaemonState, daemon: SyncDaemon): string {
  const attributes = [
    `mcast=${daemon.interface}`,
    `syncid=${daemon.syncId}`,
    ...(daemon.maxLength === null ? [] : [`maxlen=${daemon.maxLength}`]),
    `group=${daemon.group}`,
    `port=${daemon.port}`,
    `ttl=${daemon.ttl}`,
  ];
  return `${state} sync daemon (${attributes.join(', ')})\n`;
}
