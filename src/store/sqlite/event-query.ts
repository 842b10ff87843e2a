import type { Database, Statement } from 'better-sqlite3';
import type { SealedEvent } from '../../audit/chain.js';
import { pathOf } from '../../domain/names.js';
import type { EventQuery } from '../store.js';
import { below } from './path-range.js';

/** Finds audit events. One statement for each combination of filters, so that each can use its index. */
export function createEventQuery(db: Database): (query: EventQuery) => SealedEvent[] {
  const statements = new Map<string, Statement<unknown[], SealedEvent>>();

  return (query) => {
    const conditions = conditionsOf(query);
    const where = conditions.map(({ sql }) => sql).join(' AND ') || 'TRUE';
    const direction = query.order === 'ascending' ? 'ASC' : 'DESC';
    const sql = `SELECT id, body, hash FROM audit_events WHERE ${where} ORDER BY id ${direction} LIMIT ?`;
    let statement = statements.get(sql);
    if (statement === undefined) {
      statement = db.prepare(sql);
      statements.set(sql, statement);
    }
    return statement.all(...conditions.flatMap(({ values }) => values), query.limit);
  };
}

/** Two of these come with every write; the others have an index, as `rare_kind`. */
const COMMON_KINDS: readonly string[] = ['change', 'apply'];

interface Condition {
  readonly sql: string;
  readonly values: readonly (string | number)[];
}

function conditionsOf(query: EventQuery): Condition[] {
  const conditions: Condition[] = [];
  const add = (sql: string, ...values: (string | number | undefined)[]) => {
    if (values.every((value) => value !== undefined)) conditions.push({ sql, values });
  };
  const ascending = query.order === 'ascending';
  add(ascending ? 'id > ?' : 'id < ?', query.after);
  // A sign before a column keeps its index out of it: the ids lead.
  const sign = query.through === undefined ? '' : '+';
  add(ascending ? 'id <= ?' : 'id >= ?', query.through);
  add('principal = ?', query.principal);
  if (query.kinds) {
    const column = query.kinds.every((kind) => !COMMON_KINDS.includes(kind)) ? `${sign}rare_kind` : 'kind';
    add(`${column} IN (${query.kinds.map(() => '?').join(', ')})`, ...query.kinds);
  }
  add('action = ?', query.action);
  add(`${sign}request_id = ?`, query.requestId);
  add("body ->> '$.transport' = ?", query.transport);
  add("body ->> '$.sourceAddress' = ?", query.sourceAddress);
  add('time >= ?', query.since);
  add('time < ?', query.until);
  if (query.resource !== undefined) {
    const { from, to } = below(query.resource);
    // one range of the index; between the resource and what is below it sort siblings such as "shop-2"
    add(`${sign}resource >= ? AND ${sign}resource < ?`, query.resource, to);
    add('(resource = ? OR resource > ?)', query.resource, from);
  }
  if (query.projects) {
    const ranges = query.projects.map((project) => ({
      path: pathOf({ project }),
      ...below(pathOf({ project })),
    }));
    const sql = ranges
      .map(() => `${sign}resource = ? OR (${sign}resource > ? AND ${sign}resource < ?)`)
      .join(' OR ');
    add(`(${sql || 'FALSE'})`, ...ranges.flatMap(({ path, from, to }) => [path, from, to]));
  }
  return conditions;
}
