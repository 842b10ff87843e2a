/** What a call is known by in the log, in its answer and in the audit log. */
import { v7 as uuid } from 'uuid';

const REQUEST_ID = /^[\x21-\x7e]{1,128}$/;
export const REQUEST_ID_RULE = 'must be 1 to 128 printable ASCII characters without spaces';

export function isRequestId(text: string): boolean {
  return REQUEST_ID.test(text);
}

/** One begins as those of the same time do: an index of random ones is written to all over (RFC 9562, 2.1). */
export function newRequestId(): string {
  return uuid();
}
