/** Streams whose reader has stopped reading. A lagging one costs nothing but its place in the log, and is left alone. */
import { DomainError } from '../../domain/errors.js';

/** For so long a stream waits for a reader that does not take what there is. */
export const STALL_SECONDS = 20;

/** `resumeAfter`: the last revision that was handed to the connection, where the stream has revisions. */
export function slowConsumer(seconds: number, resumeAfter: number | undefined): DomainError {
  const resume = resumeAfter === undefined ? 'Begin again' : `Watch again after revision ${resumeAfter}`;
  return new DomainError(
    'SLOW_CONSUMER',
    `Nothing of the stream was read for ${seconds} seconds while there was more to send. ${resume}, and read on while you work.`,
    { metadata: resumeAfter === undefined ? {} : { resumeAfter: String(resumeAfter) } },
  );
}
