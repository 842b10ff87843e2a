/**
 * A command line of ipvsadm 1.31: read from left to right, checked in ipvsadm's order, refused in ipvsadm's words. What an
 * option means can depend on those before it (`-r` takes over the port of a service that is already named).
 */
import { familyOf, familyOfAddress, isFwmark } from '../../domain/keys.js';
import { checkOptions, checkTunnel } from './checks.js';
import { Fault, notUnderstood } from './fault.js';
import { type CommandLine, initialState, type State } from './line.js';
import type { Lookup } from './lookup.js';
import { readTimeout } from './numbers.js';
import { COMMANDS, type CommandName, type OptionSpec, type Slot } from './options.js';
import { readWords } from './popt.js';
import { readOption } from './read-option.js';
import { readSchedulerFlags } from './scheduler-flags.js';

/** Throws a Fault for what ipvsadm refuses before it asks the kernel. */
export function readCommandLine(words: readonly string[], lookup: Lookup): CommandLine {
  const { occurrences, rest, error } = readWords(words);
  const [first, ...others] = occurrences;
  if (!first?.command) throw notUnderstood();
  const state = initialState(first.command);
  if (state.command === 'help' || state.command === 'version') return state;
  if (first.value !== null) state.daemon.state = readDaemonState(state.command, first.value);
  for (const { option, value, word } of others) {
    if (!option) throw new Fault(`invalid option \`${word}'`);
    take(state, option);
    readOption(state, option.long, { value, lookup });
  }
  if (error !== null) throw new Fault(error, { status: 255, isFinal: false });
  readRest(state, rest);
  state.schedulerFlags = readSchedulerFlags(state.flags, state.scheduler);
  checkOptions(COMMANDS[state.command], state.given);
  settle(state);
  return state;
}

function readDaemonState(command: CommandName, text: string): 'master' | 'backup' {
  if (text === 'master' || text === 'backup') return text;
  const parameter = command === 'start-daemon' ? 'start-daemon parameter' : 'start_daemon';
  throw new Fault(`illegal ${parameter} specified`);
}

function take({ given }: State, { slot }: OptionSpec): void {
  if (slot === null) return;
  if (given.has(slot)) throw new Fault(`multiple '${slot}' options specified`);
  given.add(slot);
}

function readRest(state: State, rest: readonly string[]): void {
  let superfluous = rest;
  if (state.command === 'set') {
    const [tcp, tcpFin, udp, ...more] = rest;
    if (tcp === undefined || tcpFin === undefined || udp === undefined)
      throw new Fault('--set option requires 3 timeout values');
    state.timeouts = [readTimeout(tcp, 0), readTimeout(tcpFin, 0), readTimeout(udp, 0)];
    superfluous = more;
  }
  if (superfluous[0] !== undefined) throw new Fault(`unexpected argument ${superfluous[0]}`);
}

/** What ipvsadm checks and corrects once all options are known. */
function settle(state: State): void {
  const { command, frontend, backend, method, given } = state;
  const service = frontend && !isFwmark(frontend) ? frontend : null;
  if (command === 'add-service' || command === 'edit-service') {
    if (service?.port === 0 && state.persistentSeconds === null)
      throw new Fault('Zero port specified for non-persistent service');
    if (service && service.protocol !== 'udp' && state.onePacket)
      throw new Fault('One-Packet Scheduling is only for UDP virtual services');
  }
  if ((command === 'add-server' || command === 'edit-server') && frontend && backend) {
    if (service && method !== 'nat') state.backend = { ...backend, port: service.port };
    if (familyOf(frontend) !== familyOfAddress(backend.address) && method !== 'tun')
      throw new Fault('Different address family is allowed only for tunneling servers');
    checkTunnel(state.tunnel.type, method, given);
  }
  if (command === 'list' && isListConflict(given)) throw new Fault('options conflicts in the list command');
}

function isListConflict(given: ReadonlySet<Slot>): boolean {
  const has = (...slots: Slot[]) => slots.some((slot) => given.has(slot));
  const isOther = has('timeout', 'daemon');
  return (
    ((isOther || has('connection')) && has('stats', 'rate', 'thresholds')) ||
    (isOther && has('persistent-conn'))
  );
}
