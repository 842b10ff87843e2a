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

interface Condition {
  readonly sql: string;
  readonly values: readonly (string | number)[];
}

function conditionsOf(query: EventQuery): Condition[] {
  const conditions: Condition[] = [];
  const add = (sql: string, ...values: (string | number | undefined)[]) => {
    if (values.every((value) => value !== undefined)) conditions.push({ sql, values });
  };
  add(query.order === 'ascending' ? 'id > ?' : 'id < ?', query.after);
  add('principal = ?', query.principal);
  if (query.kinds) add(`kind IN (${query.kinds.map(() => '?').join(', ')})`, ...query.kinds);
  add('action = ?', query.action);
  add('request_id = ?', query.requestId);
  add('time >= ?', query.since);
  add('time < ?', query.until);
  if (query.resource !== undefined) {
    const { from, to } = below(query.resource);
    // one range of the index; between the resource and what is below it sort siblings such as "shop-2"
    add('resource >= ? AND resource < ?', query.resource, to);
    add('(resource = ? OR resource > ?)', query.resource, from);
  }
  if (query.projects) {
    const ranges = query.projects.map((project) => ({
      path: pathOf({ project }),
      ...below(pathOf({ project })),
    }));
    const sql = ranges.map(() => 'resource = ? OR (resource > ? AND resource < ?)').join(' OR ');
    add(`(${sql || 'FALSE'})`, ...ranges.flatMap(({ path, from, to }) => [path, from, to]));
  }
  return conditions;
}
