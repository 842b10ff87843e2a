/** The independent witness of the kernel's table: ipvsadm's own words, and the kernel's list behind them. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** Standard output of an `ipvsadm` command that must succeed. */
export async function ipvsadm(...args: string[]): Promise<string> {
  const { stdout } = await execute('ipvsadm', args, { timeout: 20_000, maxBuffer: 64 * 2 ** 20 });
  return stdout;
}

/** The table as `ipvsadm -Sn` prints it, a line each, in its order. */
export async function savedLines(): Promise<string[]> {
  return linesOf(await ipvsadm('-Sn'));
}

/** Destinations with thresholds, as `10.0.0.1:80 100 50` (upper, lower). */
export async function thresholds(): Promise<string[]> {
  const rows = destinationRows(await ipvsadm('-Ln', '--thresholds'));
  return rows.filter(({ columns: [upper, lower] }) => upper !== '0' || lower !== '0').map(words);
}

export interface Load {
  readonly weight: number;
  readonly active: number;
  readonly inactive: number;
}

/** Weight and connections of each destination of a service, by its address and port, as `ipvsadm -Ln` shows them. */
export async function loads(
  service: readonly [option: '-t' | '-u', frontend: string],
): Promise<Map<string, Load>> {
  const rows = destinationRows(await ipvsadm('-Ln', ...service));
  return new Map(
    rows.map(({ address, columns: [, weight, active, inactive] }) => [
      address,
      { weight: Number(weight), active: Number(active), inactive: Number(inactive) },
    ]),
  );
}

/**
 * Totals of every entry by `UDP 10.0.0.1:53` or `UDP 10.0.0.1:53 -> 10.0.0.2:53`: connections, packets in and out, bytes
 * in and out. The kernel sums them up every two seconds.
 */
export async function counters(): Promise<Map<string, readonly number[]>> {
  const totals = new Map<string, readonly number[]>();
  let service = '';
  for (const line of linesOf(await ipvsadm('-Ln', '--stats', '--exact')).slice(3)) {
    const [first = '', second = '', ...rest] = line.trim().split(/\s+/);
    if (first !== '->') service = `${first} ${second}`;
    totals.set(first === '->' ? `${service} -> ${second}` : service, rest.map(Number));
  }
  return totals;
}

/**
 * Every service with its destinations in the kernel's own order (ipvsadm sorts them): a destination that is added goes
 * to the head of its service's list, one that is edited keeps its place. So a destination that was deleted and added
 * again shows, even where the kernel took it, counters and all, from its trash.
 */
export async function kernelOrder(): Promise<Map<string, readonly string[]>> {
  const order = new Map<string, string[]>();
  let destinations: string[] = [];
  for (const line of linesOf(await readFile('/proc/net/ip_vs', 'utf8')).slice(3)) {
    const [first = '', second = ''] = line.trim().split(/\s+/);
    if (first === '->') destinations.push(second);
    else {
      destinations = [];
      order.set(`${first} ${second}`, destinations);
    }
  }
  return order;
}

function destinationRows(list: string): { address: string; columns: string[] }[] {
  return linesOf(list)
    .slice(3)
    .filter((line) => line.startsWith('  -> '))
    .map((line) => {
      const [address = '', ...columns] = line.trim().split(/\s+/).slice(1);
      return { address, columns };
    });
}

function words({ address, columns: [upper, lower] }: { address: string; columns: string[] }): string {
  return `${address} ${upper} ${lower}`;
}

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}
