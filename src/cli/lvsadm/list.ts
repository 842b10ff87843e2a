/** -L in all its views, and -S. */
import { ipvsadmList, ipvsadmSave } from '../../domain/ipvsadm-text.js';
import type { ListView } from '../../domain/ipvsadm-views.js';
import { frontendKey } from '../../domain/keys.js';
import type { Director, KernelTable } from '../../domain/schema/director.js';
import type { CommandLine } from '../../formats/ipvsadm/line.js';
import { Refusal, WORDS } from './answer.js';
import { listConnections } from './connections.js';
import type { Names } from './names.js';
import { DIRECTOR, type Session } from './session.js';

/** As ipvsadm ends when it cannot list. */
const EXIT_NOT_LISTED = 1;

/** Of several views ipvsadm shows the first of these. */
const VIEWS = ['stats', 'rate', 'thresholds', 'persistent-conn', 'tun-info'] as const satisfies ListView[];

export async function list(session: Session, line: CommandLine, names: Names): Promise<string> {
  const { given } = line;
  if (given.has('connection')) return listConnections(session, line, names);
  if (given.has('timeout')) return plainText(session, 'timeouts');
  if (given.has('daemon')) return plainText(session, 'sync-daemons');
  return listTable(session, line, names);
}

async function listTable({ read }: Session, line: CommandLine, names: Names): Promise<string> {
  const { given, frontend } = line;
  const view = VIEWS.find((one) => given.has(one));
  const query = new URLSearchParams({
    ...((view === 'stats' || view === 'rate') && { stats: 'true' }),
    ...(frontend && { frontend: frontendKey(frontend) }),
  });
  const [table, header] = await Promise.all([
    read<KernelTable>(`${DIRECTOR}/table?${query}`),
    frontend ? null : read<Director>(DIRECTOR),
  ]);
  if (frontend && table.services.length === 0)
    throw new Refusal(WORDS.noService, { status: EXIT_NOT_LISTED });
  return ipvsadmList(table, header, {
    view,
    exact: given.has('exact'),
    unsorted: given.has('nosort'),
    ...(!given.has('numeric') && { nameOf: await names.ofAddresses(addressesOf(table)) }),
  });
}

export async function save({ read }: Session, { given }: CommandLine, names: Names): Promise<string> {
  const table = await read<KernelTable>(`${DIRECTOR}/table`);
  return given.has('numeric')
    ? ipvsadmSave(table)
    : ipvsadmSave(table, await names.ofAddresses(addressesOf(table)));
}

function plainText({ read }: Session, path: string): Promise<string> {
  return read<string>(`${DIRECTOR}/${path}`, { headers: { accept: 'text/plain' } });
}

function addressesOf({ services }: KernelTable): string[] {
  return services.flatMap(({ address, destinations }) => [
    ...(address === undefined ? [] : [address]),
    ...destinations.map((one) => one.address),
  ]);
}
