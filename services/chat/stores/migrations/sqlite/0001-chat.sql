-- `version` is incarnation × 2^42 + position of the event that wrote the row last: a writer that slept or repeats
-- never undoes a newer row. "P" names the partition key, "C" the clustering.

-- P: conversation_id
CREATE TABLE conversation (
  conversation_id TEXT PRIMARY KEY,
  kind INTEGER NOT NULL,
  name TEXT NOT NULL,
  posting INTEGER NOT NULL,
  history INTEGER NOT NULL,
  pair TEXT NOT NULL,
  owners TEXT NOT NULL,
  head_seq INTEGER NOT NULL,
  message_count INTEGER NOT NULL,
  head_time_ms INTEGER NOT NULL,
  member_count INTEGER NOT NULL,
  voids TEXT NOT NULL,
  last_event BLOB NOT NULL,
  position INTEGER NOT NULL,
  incarnation INTEGER NOT NULL,
  version INTEGER NOT NULL
) STRICT;

-- P: conversation_id, bucket (seq / 1000). C: seq.
CREATE TABLE event (
  conversation_id TEXT NOT NULL,
  bucket INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  event BLOB NOT NULL,
  position INTEGER NOT NULL,
  version INTEGER NOT NULL,
  PRIMARY KEY (conversation_id, bucket, seq)
) STRICT, WITHOUT ROWID;

-- P: conversation_id, bucket (message_count / 500). C: message_count.
CREATE TABLE message (
  conversation_id TEXT NOT NULL,
  bucket INTEGER NOT NULL,
  message_count INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  author_id TEXT NOT NULL,
  posted BLOB NOT NULL,
  edited BLOB,
  edit_seqs TEXT NOT NULL,
  deleted INTEGER NOT NULL,
  position INTEGER NOT NULL,
  incarnation INTEGER NOT NULL,
  version INTEGER NOT NULL,
  PRIMARY KEY (conversation_id, bucket, message_count)
) STRICT, WITHOUT ROWID;

-- Deleted messages, for unread numbers. P: conversation_id. C: target_seq.
CREATE TABLE deletion (
  conversation_id TEXT NOT NULL,
  target_seq INTEGER NOT NULL,
  PRIMARY KEY (conversation_id, target_seq)
) STRICT, WITHOUT ROWID;

-- P: conversation_id. C: user_id.
CREATE TABLE membership (
  conversation_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  role INTEGER NOT NULL,
  ranges TEXT NOT NULL,
  joined_seq INTEGER NOT NULL,
  joined_count INTEGER NOT NULL,
  last_own_seq INTEGER NOT NULL,
  last_own_count INTEGER NOT NULL,
  position INTEGER NOT NULL,
  incarnation INTEGER NOT NULL,
  version INTEGER NOT NULL,
  PRIMARY KEY (conversation_id, user_id)
) STRICT, WITHOUT ROWID;

-- Which conversations a user is or was in. P: user_id. C: conversation_id.
CREATE TABLE membership_by_user (
  user_id TEXT NOT NULL,
  conversation_id TEXT NOT NULL,
  role INTEGER NOT NULL,
  version INTEGER NOT NULL,
  PRIMARY KEY (user_id, conversation_id)
) STRICT, WITHOUT ROWID;

-- Committed client ids with what they led to. P: conversation_id, user_id, device_id. C: client_id, descending.
CREATE TABLE sent_id (
  conversation_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  device_id TEXT NOT NULL,
  client_id TEXT NOT NULL,
  seq INTEGER NOT NULL,
  message_count INTEGER NOT NULL,
  time_ms INTEGER NOT NULL,
  content_hash BLOB NOT NULL,
  PRIMARY KEY (conversation_id, user_id, device_id, client_id DESC)
) STRICT, WITHOUT ROWID;

-- Marks only rise. P: conversation_id. C: user_id.
CREATE TABLE mark (
  conversation_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  read_seq INTEGER NOT NULL,
  read_count INTEGER NOT NULL,
  delivered_seq INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL,
  PRIMARY KEY (conversation_id, user_id)
) STRICT, WITHOUT ROWID;

-- When a user's own marks changed. P: user_id. C: conversation_id.
CREATE TABLE mark_by_user (
  user_id TEXT NOT NULL,
  conversation_id TEXT NOT NULL,
  updated_ms INTEGER NOT NULL,
  PRIMARY KEY (user_id, conversation_id)
) STRICT, WITHOUT ROWID;

-- Conditional inserts only; the projector never touches these. P: all three.
CREATE TABLE creation (
  user_id TEXT NOT NULL,
  device_id TEXT NOT NULL,
  client_id TEXT NOT NULL,
  conversation_id TEXT NOT NULL,
  content_hash BLOB NOT NULL,
  PRIMARY KEY (user_id, device_id, client_id)
) STRICT, WITHOUT ROWID;

-- One direct conversation a pair. P: both.
CREATE TABLE direct_pair (
  low_user_id TEXT NOT NULL,
  high_user_id TEXT NOT NULL,
  conversation_id TEXT NOT NULL,
  PRIMARY KEY (low_user_id, high_user_id)
) STRICT, WITHOUT ROWID;
