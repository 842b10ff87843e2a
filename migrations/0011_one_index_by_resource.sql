-- What an event is about is looked for in one index: an event writes a page of it, and a write two events.

DROP INDEX audit_changes_by_resource;
DROP INDEX audit_events_by_resource;
CREATE INDEX audit_events_by_resource ON audit_events (resource, kind);
