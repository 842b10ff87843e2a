-- The history of a resource and of what is below it, found by its own length and not by that of the log.

CREATE INDEX audit_changes_by_resource ON audit_events (resource, id) WHERE kind = 'change';
