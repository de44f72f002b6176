CREATE TABLE installation (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  id TEXT NOT NULL,
  incarnation INTEGER NOT NULL
) STRICT
;

CREATE TABLE migration (component TEXT, step TEXT, PRIMARY KEY (component, step)) STRICT;

CREATE TABLE record (
  shard INTEGER NOT NULL,
  position INTEGER NOT NULL,
  last_position INTEGER NOT NULL,
  bytes BLOB NOT NULL,
  PRIMARY KEY (shard, position)
) STRICT;
