/** The commands of ipvsadm that ask or change a director; what is left of them speaks for itself. */
import type { CommandLine } from '../../formats/ipvsadm/line.js';
import type { CommandName } from '../../formats/ipvsadm/options.js';
import { setTimeouts, startDaemon, stopDaemon, zero } from './director.js';
import { list, save } from './list.js';
import type { Names } from './names.js';
import { addServer, deleteServer, editServer } from './servers.js';
import { addService, clear, deleteService, editService } from './services.js';
import type { Session } from './session.js';

/** Resolves to what is printed. */
type Run = (session: Session, line: CommandLine, names: Names) => Promise<string>;

type DirectorCommand = Exclude<CommandName, 'help' | 'version' | 'restore'>;

export const COMMANDS: Readonly<Record<DirectorCommand, Run>> = {
  'add-service': quiet(addService),
  'edit-service': quiet(editService),
  'delete-service': quiet(deleteService),
  clear: quiet(clear),
  'add-server': quiet(addServer),
  'edit-server': quiet(editServer),
  'delete-server': quiet(deleteServer),
  list,
  save,
  zero: quiet(zero),
  set: quiet(setTimeouts),
  'start-daemon': quiet(startDaemon),
  'stop-daemon': quiet(stopDaemon),
};

function quiet(run: (session: Session, line: CommandLine) => Promise<void>): Run {
  return async (session, line) => {
    await run(session, line);
    return '';
  };
}
