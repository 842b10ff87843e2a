-- Resources, the kernel entries they own, credentials, and the audit log that orders every change of them.

CREATE TABLE resources (
  path        TEXT PRIMARY KEY,
  kind        TEXT NOT NULL,
  parent      TEXT REFERENCES resources (path),
  name        TEXT NOT NULL,
  labels      TEXT NOT NULL,
  spec        TEXT NOT NULL,
  revision    INTEGER NOT NULL,
  create_time TEXT NOT NULL,
  update_time TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX resources_by_parent ON resources (parent, kind, name);
CREATE INDEX real_servers_by_address ON resources (spec ->> '$.address', path) WHERE kind = 'realServer';

CREATE TABLE entries (
  key      TEXT PRIMARY KEY,
  path     TEXT NOT NULL,
  state    TEXT NOT NULL CHECK (state IN ('living', 'draining', 'removing')),
  config   TEXT NOT NULL,
  revision INTEGER NOT NULL,
  drain_seconds  INTEGER NOT NULL,
  drain_deadline TEXT
) STRICT, WITHOUT ROWID;

CREATE INDEX entries_by_path ON entries (path);
CREATE INDEX entries_with_drain ON entries (key) WHERE state = 'draining' OR drain_deadline IS NOT NULL;

CREATE TABLE credentials (
  hash BLOB PRIMARY KEY CHECK (length(hash) = 32),
  path TEXT NOT NULL REFERENCES resources (path) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX credentials_by_path ON credentials (path);

-- body is the canonical JSON of everything but the hash. The columns to search by are computed from it, so that they
-- cannot say anything else than what the chain of hashes protects.
CREATE TABLE audit_events (
  id         INTEGER PRIMARY KEY,
  body       TEXT NOT NULL,
  hash       TEXT NOT NULL,
  time       TEXT GENERATED ALWAYS AS (body ->> '$.time') VIRTUAL,
  kind       TEXT GENERATED ALWAYS AS (body ->> '$.kind') VIRTUAL,
  principal  TEXT GENERATED ALWAYS AS (body ->> '$.actor.principal') VIRTUAL,
  action     TEXT GENERATED ALWAYS AS (body ->> '$.action') VIRTUAL,
  resource   TEXT GENERATED ALWAYS AS (body ->> '$.resource') VIRTUAL,
  request_id TEXT GENERATED ALWAYS AS (body ->> '$.requestId') VIRTUAL
) STRICT;

CREATE INDEX audit_events_by_time ON audit_events (time);
CREATE INDEX audit_events_by_kind ON audit_events (kind);
CREATE INDEX audit_events_by_principal ON audit_events (principal);
CREATE INDEX audit_events_by_action ON audit_events (action);
CREATE INDEX audit_events_by_resource ON audit_events (resource, time);
CREATE INDEX audit_events_by_request_id ON audit_events (request_id);

CREATE TRIGGER audit_events_are_never_changed BEFORE UPDATE ON audit_events
BEGIN
  SELECT RAISE (ABORT, 'audit events are append-only');
END;

CREATE TRIGGER audit_events_are_never_removed BEFORE DELETE ON audit_events
BEGIN
  SELECT RAISE (ABORT, 'audit events are append-only');
END;

-- INSERT OR REPLACE removes rows without firing the trigger above; this one stops it, and holes.
CREATE TRIGGER audit_events_have_no_holes BEFORE INSERT ON audit_events
WHEN NEW.id IS NOT (SELECT coalesce(max(id), 0) + 1 FROM audit_events)
BEGIN
  SELECT RAISE (ABORT, 'audit events are append-only');
END;
