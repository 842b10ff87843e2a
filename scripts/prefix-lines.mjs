import { StringDecoder } from 'node:string_decoder';

/**
 * Puts a prefix before each line of a byte stream and hands on whole lines only, so that streams can share an output.
 *
 * @param {string} prefix
 * @param {(text: string) => void} emit
 */
export function prefixLines(prefix, emit) {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  const flush = (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop();
    if (lines.length > 0) emit(lines.map((line) => `${prefix}${line}\n`).join(''));
  };
  return {
    /** @param {Buffer} bytes */
    write: (bytes) => flush(decoder.write(bytes)),
    /** Emits an unfinished last line. */
    end: () => {
      flush(decoder.end());
      if (rest !== '') flush('\n');
    },
  };
}
