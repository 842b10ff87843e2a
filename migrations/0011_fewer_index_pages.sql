-- A change of a weight writes as few pages as it can: the less goes through the log, the more changes fit into a second.

-- What an event is about is looked for in one index: an event writes a page of it, and a write two events.
DROP INDEX audit_changes_by_resource;
DROP INDEX audit_events_by_resource;
CREATE INDEX audit_events_by_resource ON audit_events (resource, kind);

-- An index over an expression of the spec is written to with every change of the spec, one of a column only with the column's.
ALTER TABLE resources ADD COLUMN address TEXT;
UPDATE resources SET address = spec ->> '$.address' WHERE kind IN ('virtualService', 'realServer');
DROP INDEX real_servers_by_address;
DROP INDEX virtual_services_by_address;
CREATE INDEX resources_by_address ON resources (kind, address, path) WHERE address IS NOT NULL;
