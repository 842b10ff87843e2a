/** Numbers as the C library reads them for ipvsadm. */
import { MAX_PERSISTENCE_SECONDS } from '../numbers.js';
import { Fault } from './fault.js';

/** A whole number as strtol(3) reads it, within the limits. */
export function wholeNumber(text: string, min: number, max: number): number | undefined {
  if (!/^\s*[+-]?\d+$/.test(text)) return undefined;
  const value = Number(text);
  return value >= min && value <= max ? value + 0 : undefined;
}

/** The same, or a Fault with the message. */
export function limited(text: string, [min, max]: readonly [number, number], message: string): number {
  const value = wholeNumber(text, min, max);
  if (value === undefined) throw new Fault(message);
  return value;
}

/** Seconds, up to the 31 days that ipvsadm allows. */
export function readTimeout(text: string, min: number): number {
  return limited(text, [min, MAX_PERSISTENCE_SECONDS], `invalid timeout value \`${text}' specified`);
}
