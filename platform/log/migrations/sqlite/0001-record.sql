-- One row is one record: a group of entries appended at once. Partition: shard. Clustering: position.
CREATE TABLE record (
  shard INTEGER NOT NULL,
  position INTEGER NOT NULL,
  last_position INTEGER NOT NULL,
  bytes BLOB NOT NULL,
  PRIMARY KEY (shard, position)
) STRICT;
