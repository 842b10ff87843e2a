/** The command `lvsadm`. */
import { text } from 'node:stream/consumers';
import { lvsadm } from './run.js';

process.exitCode = await lvsadm(process.argv.slice(2), {
  environment: process.env,
  input: () => text(process.stdin),
  print: (out) => process.stdout.write(out),
  complain: (words) => process.stderr.write(words),
});
