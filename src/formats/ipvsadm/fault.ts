/** Why ipvsadm would not go on with a command line, in the words and with the exit status of ipvsadm. */
export class Fault extends Error {
  override readonly name = 'Fault';
  /** 2: wrong usage; 255: an option that cannot be read, or no command. */
  readonly status: 2 | 255;
  /** Whether `ipvsadm -R` ends here; otherwise it goes on with the next line. */
  readonly isFinal: boolean;
  /** The hint at `--help`. */
  readonly isHint: boolean;

  constructor(
    message: string,
    {
      status = 2,
      isFinal = true,
      isHint = false,
    }: { status?: 2 | 255; isFinal?: boolean; isHint?: boolean } = {},
  ) {
    super(message);
    this.status = status;
    this.isFinal = isFinal;
    this.isHint = isHint;
  }
}

/** ipvsadm does not say what is wrong when the line has no command in front. */
export function notUnderstood(): Fault {
  return new Fault('No command such as -A or -L is given first.', { status: 255, isHint: true });
}
