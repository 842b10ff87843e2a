import { Command } from 'commander';
import { readDataDir, SETTINGS } from '../config.js';
import { createTokens } from '../control/access/tokens.js';
import type { ListQuery, Page } from '../control/control.js';
import { nameOf } from '../domain/names.js';
import type { Token } from '../domain/schema/token.js';
import type { Store } from '../store/store.js';
import { withStore } from './data.js';
import { addSettings, examples } from './settings.js';

export function tokenListCommand(): Command {
  const command = new Command('list')
    .description('List the tokens, without their secrets.')
    .addHelpText('after', examples(['lvsd token list --data-dir /var/lib/lvsd', 'who can get in']));
  return addSettings(command, [SETTINGS.dataDir]).action(async (flags: Record<string, unknown>) => {
    const tokens = await withStore(readDataDir(flags), allTokens);
    for (const line of columns([HEADINGS, ...tokens.map(cells)])) console.log(line);
  });
}

/** Of the whole server, then of each project. */
function allTokens(store: Store): Token[] {
  const tokens = createTokens({ store, now: () => new Date() });
  const projects = store
    .read((reader) => reader.resources({ kind: 'project', parent: '', limit: Number.MAX_SAFE_INTEGER }))
    .map(({ path }) => nameOf(path));
  return [null, ...projects].flatMap((project) => [...pages((query) => tokens.list(project, query))].flat());
}

function* pages<R>(list: (query: ListQuery) => Page<R>): Generator<readonly R[]> {
  let pageToken = '';
  do {
    const { items, nextPageToken } = list({ pageToken });
    yield items;
    pageToken = nextPageToken;
  } while (pageToken !== '');
}

const HEADINGS = ['NAME', 'ROLE', 'PROJECT', 'EXPIRES', 'CREATED'];

function cells({
  name,
  project,
  spec: { role, expireTime },
  status: { state },
  createTime,
}: Token): string[] {
  const expires =
    expireTime === null ? 'never' : state === 'expired' ? `${expireTime} (expired)` : expireTime;
  return [name, role, project ?? '*', expires, createTime];
}

function columns(rows: readonly string[][]): string[] {
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
