import { closeSync, openSync, readSync } from 'node:fs';

/** A guest's file system reports no change events that can be relied on, so the file is read again and again. */
const intervalMs = 30;

/**
 * Hands every byte appended to an existing file to `onBytes`, in order, until `finish()`, which reads the rest.
 *
 * @param {string} path
 * @param {(bytes: Buffer) => void} onBytes
 */
export function followFile(path, onBytes) {
  const file = openSync(path, 'r');
  const buffer = Buffer.allocUnsafe(64 * 1024);
  const drain = () => {
    for (let count = readSync(file, buffer); count > 0; count = readSync(file, buffer)) {
      onBytes(Buffer.from(buffer.subarray(0, count)));
    }
  };
  const timer = setInterval(drain, intervalMs);
  return {
    finish() {
      clearInterval(timer);
      drain();
      closeSync(file);
    },
  };
}
