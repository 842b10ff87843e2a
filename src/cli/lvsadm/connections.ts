/** -L -c. */
import { type ConnectionView, connectionLine, connectionTitles } from '../../domain/ipvsadm-connections.js';
import type { Connection } from '../../domain/schema/connection.js';
import type { CommandLine } from '../../formats/ipvsadm/line.js';
import type { Names } from './names.js';
import { DIRECTOR, type Session } from './session.js';

interface Page {
  readonly items: readonly Connection[];
  readonly nextPageToken: string;
}

const CONNECTIONS = `${DIRECTOR}/connections`;
const PAGE_SIZE = '1000';

export async function listConnections(
  { read }: Session,
  { given }: CommandLine,
  names: Names,
): Promise<string> {
  const view = given.has('persistent-conn') ? 'persistent-conn' : 'list';
  return given.has('numeric')
    ? read<string>(`${CONNECTIONS}?view=${view}`, { headers: { accept: 'text/plain' } })
    : listNamed(read, view, names);
}

/** Names are this machine's to find, page by page. */
async function listNamed(read: Session['read'], view: ConnectionView, names: Names): Promise<string> {
  const lines = [connectionTitles(view)];
  let pageToken = '';
  do {
    const query = new URLSearchParams({ pageSize: PAGE_SIZE, ...(pageToken && { pageToken }) });
    const page = await read<Page>(`${CONNECTIONS}?${query}`);
    const ends = page.items.flatMap(({ client, virtual, real }) => [client, virtual, real]);
    const nameOf = await names.ofAddresses(ends.map(({ address }) => address));
    lines.push(...page.items.map((one) => connectionLine(one, view, nameOf)));
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  return lines.join('');
}
