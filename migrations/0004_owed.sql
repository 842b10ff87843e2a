-- Keys of entries and settings that an accepted write has changed while the kernel could not be told. Whatever the drift
-- policy says, lvsd owes the kernel's side of that write to whoever asked for it.

CREATE TABLE owed (key TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
