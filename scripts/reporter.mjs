// A node:test reporter: a line for each test under the name of its file, failures in full. Writes what it counted as
// JSON to the file that LVSD_TEST_TOTALS names: { passed, failed, skipped, failures: ["file: test"] }.
import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { inspect } from 'node:util';
import { checkout } from './paths.mjs';

/** @param {AsyncIterable<{ type: string, data: any }>} events */
export default async function* report(events) {
  const totals = { passed: 0, failed: 0, skipped: 0, failures: [] };
  let heading = '';
  for await (const { type, data } of events) {
    if (type === 'test:stdout' || type === 'test:stderr') yield data.message;
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    const verdict = judge(type, data);
    if (verdict === undefined) continue;
    totals[verdict.outcome] += 1;
    const file = sourceName(data.file);
    if (verdict.outcome === 'failed') totals.failures.push(`${file}: ${verdict.name}`);
    if (file !== heading) yield `${file}\n`;
    heading = file;
    yield line(verdict, data);
  }
  if (process.env.LVSD_TEST_TOTALS) writeFileSync(process.env.LVSD_TEST_TOTALS, JSON.stringify(totals));
}

/** What a finished test counts as; undefined for a suite, which is judged by its tests. */
function judge(type, data) {
  const { error } = data.details;
  // node:test stands in for a file that crashed, or that ran no test, with a test named after it.
  if (data.name === data.file) {
    const name = type === 'test:pass' ? 'contains no test' : 'ended before all its tests had';
    return { outcome: 'failed', name, error };
  }
  if (data.details.type === 'suite' && (!error || error.failureType === 'subtestsFailed')) return undefined;
  if (type === 'test:fail') return { outcome: 'failed', name: data.name, error };
  const reason = data.skip ?? data.todo;
  if (reason !== undefined && reason !== false) return { outcome: 'skipped', name: data.name, reason };
  return { outcome: 'passed', name: data.name };
}

const marks = { passed: 'ok  ', failed: 'FAIL', skipped: 'skip' };

function line({ outcome, name, error, reason }, data) {
  const indent = '  '.repeat(data.nesting + 1);
  const note = typeof reason === 'string' ? ` (${reason})` : '';
  const first = `${indent}${marks[outcome]} ${name}${note} ${Math.round(data.details.duration_ms)} ms\n`;
  if (!error || error.failureType === 'subtestsFailed') return first;
  // The error thrown by the test is the cause of node:test's own.
  const text = inspect(error.cause instanceof Error ? error.cause : error, { depth: 6 });
  return `${first}${text.replaceAll(/^/gm, `${indent}     `)}\n`;
}

/** The source a compiled test file came from, relative to the checkout. */
function sourceName(file) {
  return relative(checkout, file).replace(/^dist\/(.*)\.js$/, '$1.ts');
}
