-- What a write with a key of its caller was answered, written by the write itself, so that a retry gets the same.

CREATE TABLE answers (
  principal   TEXT NOT NULL,
  key         TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  needs       TEXT NOT NULL,
  answer      TEXT NOT NULL,
  time        TEXT NOT NULL,
  PRIMARY KEY (principal, key)
) STRICT;

CREATE INDEX answers_by_time ON answers (time);
