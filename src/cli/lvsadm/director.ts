/** --set, --start-daemon, --stop-daemon and -Z. */
import { frontendKey } from '../../domain/keys.js';
import type { DirectorSpec, Setting } from '../../domain/schema/director-settings.js';
import type { CommandLine } from '../../formats/ipvsadm/line.js';
import { Refusal, WORDS } from './answer.js';
import { DIRECTOR, type Session } from './session.js';

const TIMEOUTS = `${DIRECTOR}/timeouts`;
const DAEMONS = `${DIRECTOR}/sync-daemons`;
const MAX_INTERFACE_LENGTH = 15;

/** A timeout of 0 stays as it is. */
export async function setTimeouts(session: Session, { timeouts }: CommandLine): Promise<void> {
  const [tcp, tcpFin, udp] = timeouts ?? [0, 0, 0];
  if (tcp === 0 && tcpFin === 0 && udp === 0) return;
  const { spec, status } = await session.read<Setting<'timeouts'>>(TIMEOUTS);
  const now = spec ?? status.actual;
  if (!now) throw new Refusal(null, { hint: 'The kernel cannot be asked for its timeouts now: try again.' });
  await session.write('PUT', TIMEOUTS, {
    spec: {
      tcpSeconds: tcp || now.tcpSeconds,
      tcpFinSeconds: tcpFin || now.tcpFinSeconds,
      udpSeconds: udp || now.udpSeconds,
    },
  });
}

export async function startDaemon(session: Session, { daemon }: CommandLine): Promise<void> {
  const { state, interface: name, ...options } = daemon;
  const daemons = await currentDaemons(session);
  if (daemons[state]) throw new Refusal(WORDS.daemonRuns);
  const wanted = { interface: name.slice(0, MAX_INTERFACE_LENGTH), ...options };
  await session.write('PUT', DAEMONS, { spec: { ...daemons, [state]: wanted } });
}

export async function stopDaemon(session: Session, { daemon }: CommandLine): Promise<void> {
  const daemons = await currentDaemons(session);
  if (!daemons[daemon.state]) throw new Refusal(WORDS.noDaemon);
  await session.write('PUT', DAEMONS, { spec: { ...daemons, [daemon.state]: null } });
}

/** What is wanted; while nothing is, what runs. */
async function currentDaemons({ read }: Session): Promise<NonNullable<DirectorSpec['syncDaemons']>> {
  const { spec, status } = await read<Setting<'syncDaemons'>>(DAEMONS);
  return spec ?? status.actual ?? { master: null, backup: null };
}

export async function zero(session: Session, { frontend }: CommandLine): Promise<void> {
  const body = frontend ? { key: frontendKey(frontend) } : {};
  await session.write('POST', `${DIRECTOR}/counter-resets`, body);
}
