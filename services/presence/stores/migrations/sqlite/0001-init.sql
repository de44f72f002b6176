-- When each user was last online, in milliseconds. Partition: user_id.
CREATE TABLE last_seen (
  user_id TEXT NOT NULL PRIMARY KEY,
  seen_at INTEGER NOT NULL
) STRICT;
