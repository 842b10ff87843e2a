import assert from 'node:assert/strict';
import type { AuditEvent, Integrity } from '../../src/domain/schema/audit-event.js';
import type { Rest } from './kernel-rest.js';

interface Page {
  readonly items: readonly AuditEvent[];
  readonly nextPageToken: string;
}

/** Remembers this moment; the function answers with the events since, oldest first. */
export async function auditFromNow(rest: Rest): Promise<() => Promise<AuditEvent[]>> {
  const { items } = await rest.get<Page>('/v1/audit-events?pageSize=1');
  const start = items[0]?.id ?? 0;
  return async () => {
    const page = await rest.get<Page>('/v1/audit-events?pageSize=1000');
    const events = page.items.filter(({ id }) => id > start);
    assert.ok(events.length < 1000, 'more events than one page holds');
    return events.reverse();
  };
}

export async function assertIntact(rest: Rest): Promise<void> {
  const { intact, detail } = await rest.get<Integrity>('/v1/audit-events/integrity');
  assert.ok(intact, `the audit chain is broken: ${detail}`);
}
