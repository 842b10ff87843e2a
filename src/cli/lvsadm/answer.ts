/** How a command of lvsadm ends when it does not end well. */

/** lvsd was not reached, or does not let the caller do it: nothing that ipvsadm could have said. */
export const EXIT_NO_SERVICE = 3;
/** As ipvsadm ends when the kernel refused. */
export const EXIT_REFUSED = 255;

/** Ends the command with the message on standard error; `ipvsadm -R` goes on with its next line. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: number;

  /** The words of ipvsadm, and where they do not tell all, a second line that does. */
  constructor(
    words: string | null,
    { hint, status = EXIT_REFUSED }: { hint?: string; status?: number } = {},
  ) {
    super([words, hint === undefined ? null : `lvsadm: ${hint}`].filter((line) => line !== null).join('\n'));
    this.status = status;
  }
}

/** What ipvsadm says where lvsd has found out by itself. */
export const WORDS = {
  noService: 'No such service',
  serviceNotDefined: 'Service not defined',
  serviceExists: 'Service already exists',
  noDestination: 'No such destination',
  destinationExists: 'Destination already exists',
  noScheduler: 'Scheduler or persistence engine not found',
  noDaemon: 'No daemon is running',
  daemonRuns: 'Daemon has already run',
  invalid: 'Invalid operation.  Possibly wrong module version, address not unicast, ...',
  range: 'Numerical result out of range',
} as const;
