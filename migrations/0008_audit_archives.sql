-- Old audit events may leave the log for a file, and not without a trace: a row here that cannot be changed or removed, and an
-- audit event that says so. What is left of the log goes on where the last archive ends.

CREATE TABLE audit_archives (
  last_id       INTEGER PRIMARY KEY,
  first_id      INTEGER NOT NULL,
  previous_hash TEXT NOT NULL,
  last_hash     TEXT NOT NULL,
  file          TEXT NOT NULL,
  bytes         INTEGER NOT NULL,
  sha256        TEXT NOT NULL,
  time          TEXT NOT NULL,
  revision      INTEGER NOT NULL
) STRICT;

CREATE TRIGGER audit_archives_are_never_changed BEFORE UPDATE ON audit_archives
BEGIN
  SELECT RAISE (ABORT, 'audit archives are append-only');
END;

CREATE TRIGGER audit_archives_are_never_removed BEFORE DELETE ON audit_archives
BEGIN
  SELECT RAISE (ABORT, 'audit archives are append-only');
END;

CREATE TRIGGER audit_archives_take_over_what_follows BEFORE INSERT ON audit_archives
WHEN NEW.first_id IS NOT (SELECT coalesce(max(last_id), 0) + 1 FROM audit_archives)
  OR NEW.last_id < NEW.first_id
  OR EXISTS (SELECT 1 FROM audit_archives WHERE file = NEW.file OR revision >= NEW.revision)
  OR NEW.previous_hash IS NOT (SELECT body ->> '$.previousHash' FROM audit_events WHERE id = NEW.first_id)
  OR NEW.last_hash IS NOT (SELECT hash FROM audit_events WHERE id = NEW.last_id)
  OR NOT EXISTS (
    SELECT 1 FROM audit_events
    WHERE id = NEW.revision AND id > NEW.last_id AND resource = 'audit-archives/' || NEW.file
      AND body ->> '$.after.lastId' = NEW.last_id AND body ->> '$.after.lastHash' = NEW.last_hash
      AND body ->> '$.after.sha256' = NEW.sha256)
BEGIN
  SELECT RAISE (ABORT, 'an archive takes over the oldest events, and an audit event says so');
END;

DROP TRIGGER audit_events_are_never_removed;

CREATE TRIGGER audit_events_are_removed_only_when_archived BEFORE DELETE ON audit_events
WHEN OLD.id > (SELECT coalesce(max(last_id), 0) FROM audit_archives)
BEGIN
  SELECT RAISE (ABORT, 'audit events are append-only');
END;
