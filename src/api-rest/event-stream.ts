/** Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html) from any source of items. */
import { setTimeout as sleep } from 'node:timers/promises';

export const EVENT_STREAM_TYPE = 'text/event-stream';

/** Proxies cut connections that are silent for a minute. */
const HEARTBEAT_MS = 15_000;
/** When a client whose connection broke comes back. */
const RETRY = 'retry: 2000\n\n';
const HEARTBEAT = ': still here\n\n';

export interface Frame {
  /** What the client sends as Last-Event-ID when it comes back. */
  readonly id: string;
  readonly event: string;
  /** One line. */
  readonly data: string;
}

/** Ends with the source, which must end when its reader does not come back. Takes the next item when it is read. */
export async function* eventStream(
  source: AsyncIterable<Frame>,
  heartbeatMs = HEARTBEAT_MS,
): AsyncGenerator<string> {
  yield RETRY;
  const frames = source[Symbol.asyncIterator]();
  const take = () => {
    const next = frames.next();
    // Whoever reads the stream is told; when nobody does any more, a source that fails late concerns no one.
    next.catch(() => undefined);
    return next;
  };
  let next = take();
  while (true) {
    const silence = new AbortController();
    const waited = sleep(heartbeatMs, undefined, { signal: silence.signal }).catch(() => undefined);
    const came = await Promise.race([next, waited]).finally(() => silence.abort());
    if (came?.done) return;
    if (came) next = take();
    yield came ? frameText(came.value) : HEARTBEAT;
  }
}

export function frameText({ id, event, data }: Frame): string {
  return `id: ${id}\nevent: ${event}\ndata: ${data}\n\n`;
}
