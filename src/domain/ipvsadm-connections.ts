/** Connections as ipvsadm 1.31 prints them: `ipvsadm -Lc`, with and without `--persistent-conn`, byte for byte. */
import type { Connection } from './director-operation.js';
import type { EndpointName } from './ipvsadm-text.js';
import { endpoint } from './keys.js';

/** persistent-conn: also what persistence engines know clients by. */
export const CONNECTION_VIEWS = ['list', 'persistent-conn'] as const;
export type ConnectionView = (typeof CONNECTION_VIEWS)[number];

/** The two lines above the connections. */
export function connectionTitles(view: ConnectionView): string {
  const titles = ['pro', 'expire', 'state', 'source', 'virtual', 'destination'];
  const engine = view === 'persistent-conn' ? ['pe name', 'pe_data'] : [];
  return `IPVS connection entries\n${line([...titles, ...engine], [...WIDTHS, 18, 16])}`;
}

/** Without names it is as with `-n`. */
export function connectionLine(
  connection: Connection,
  view: ConnectionView,
  nameOf: EndpointName = endpoint,
): string {
  const { protocol, expiresSeconds, state, client, virtual, real, persistence } = connection;
  // ipvsadm reads both words back from the kernel's line: without data it does not see the engine.
  const engine =
    view === 'persistent-conn' && persistence?.data ? [persistence.engine, persistence.data] : [];
  const ends = [client, virtual, real].map(({ address, port }) => nameOf(address, port, protocol));
  const values = [protocol.toUpperCase(), duration(expiresSeconds), state, ...ends, ...engine];
  return line(values, [...WIDTHS, 16, 18]);
}

const WIDTHS = [3, 6, 11, 18, 18];

/** Columns of these widths; the last one is as wide as its text. */
function line(values: readonly string[], widths: readonly number[]): string {
  const last = values.length - 1;
  return `${values.map((value, index) => (index < last ? value.padEnd(widths[index] ?? 0) : value)).join(' ')}\n`;
}

/** Minutes and seconds. */
function duration(seconds: number): string {
  const [minutes, rest] = [Math.floor(seconds / 60), seconds % 60].map((part) =>
    String(part).padStart(2, '0'),
  );
  return `${minutes}:${rest}`;
}
