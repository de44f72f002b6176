-- What people see of a user, and the settings that decide it. Partition: user_id. Each value has the time it was
-- written at, in microseconds: the later one stays.
CREATE TABLE profile (
  user_id TEXT NOT NULL PRIMARY KEY,
  handle TEXT NOT NULL,
  display_name TEXT NOT NULL,
  display_name_at INTEGER NOT NULL DEFAULT 0,
  about TEXT NOT NULL,
  about_at INTEGER NOT NULL DEFAULT 0,
  last_seen INTEGER NOT NULL DEFAULT 0,
  last_seen_at INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Who has a handle, for search. Partition: bucket, the first two letters. Clustering: handle, in lower case.
CREATE TABLE profile_by_handle (
  bucket TEXT NOT NULL,
  handle TEXT NOT NULL,
  user_id TEXT NOT NULL,
  PRIMARY KEY (bucket, handle)
) STRICT, WITHOUT ROWID;
