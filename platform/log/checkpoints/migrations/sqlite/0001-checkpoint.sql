-- How far a consumer of the log has come. Partition: consumer. Clustering: shard.
CREATE TABLE checkpoint (
  consumer TEXT NOT NULL,
  shard INTEGER NOT NULL,
  incarnation INTEGER NOT NULL,
  position INTEGER NOT NULL,
  entry_hash BLOB NOT NULL,
  PRIMARY KEY (consumer, shard)
) STRICT, WITHOUT ROWID;
