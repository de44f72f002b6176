CREATE TABLE account (
  user_id TEXT PRIMARY KEY,
  handle TEXT NOT NULL,
  phone TEXT NOT NULL,
  email TEXT NOT NULL,
  password_hash TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE account_handle (
  handle TEXT PRIMARY KEY,
  user_id TEXT NOT NULL
) STRICT;

CREATE TABLE checkpoint (
  consumer TEXT NOT NULL,
  shard INTEGER NOT NULL,
  incarnation INTEGER NOT NULL,
  position INTEGER NOT NULL,
  entry_hash BLOB NOT NULL,
  PRIMARY KEY (consumer, shard)
) STRICT, WITHOUT ROWID;

CREATE TABLE contact_candidate (
  address TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  user_id TEXT NOT NULL,
  PRIMARY KEY (address, created_at, user_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE contact_code (
  user_id TEXT NOT NULL,
  address TEXT NOT NULL,
  code_hash BLOB NOT NULL,
  sent_at INTEGER NOT NULL,
  tries_left INTEGER NOT NULL,
  PRIMARY KEY (user_id, address)
) STRICT, WITHOUT ROWID;

CREATE TABLE contact_owner (
  address TEXT PRIMARY KEY,
  user_id TEXT NOT NULL
) STRICT;

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

CREATE TABLE creation (
  user_id TEXT NOT NULL,
  device_id TEXT NOT NULL,
  client_id TEXT NOT NULL,
  conversation_id TEXT NOT NULL,
  content_hash BLOB NOT NULL,
  PRIMARY KEY (user_id, device_id, client_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE deletion (
  conversation_id TEXT NOT NULL,
  target_seq INTEGER NOT NULL,
  PRIMARY KEY (conversation_id, target_seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE direct_pair (
  low_user_id TEXT NOT NULL,
  high_user_id TEXT NOT NULL,
  conversation_id TEXT NOT NULL,
  PRIMARY KEY (low_user_id, high_user_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE event (
  conversation_id TEXT NOT NULL,
  bucket INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  event BLOB NOT NULL,
  position INTEGER NOT NULL,
  version INTEGER NOT NULL,
  PRIMARY KEY (conversation_id, bucket, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE external_account (
  issuer TEXT NOT NULL,
  subject TEXT NOT NULL,
  user_id TEXT NOT NULL,
  PRIMARY KEY (issuer, subject)
) STRICT, WITHOUT ROWID;

CREATE TABLE installation (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  id TEXT NOT NULL,
  incarnation INTEGER NOT NULL
) STRICT
;

CREATE TABLE last_seen (
  user_id TEXT NOT NULL PRIMARY KEY,
  seen_at INTEGER NOT NULL
) STRICT;

CREATE TABLE mark (
  conversation_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  read_seq INTEGER NOT NULL,
  read_count INTEGER NOT NULL,
  delivered_seq INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL,
  PRIMARY KEY (conversation_id, user_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE mark_by_user (
  user_id TEXT NOT NULL,
  conversation_id TEXT NOT NULL,
  updated_ms INTEGER NOT NULL,
  PRIMARY KEY (user_id, conversation_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE media (
  media_id TEXT NOT NULL PRIMARY KEY,
  conversation_id TEXT NOT NULL,
  uploader_id TEXT NOT NULL,
  file_name TEXT NOT NULL,
  content_type TEXT NOT NULL,
  size INTEGER NOT NULL,
  sha256 BLOB NOT NULL,
  completed_at INTEGER NOT NULL,
  completed_seq INTEGER NOT NULL
) STRICT;

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

CREATE TABLE membership_by_user (
  user_id TEXT NOT NULL,
  conversation_id TEXT NOT NULL,
  role INTEGER NOT NULL,
  version INTEGER NOT NULL,
  PRIMARY KEY (user_id, conversation_id)
) STRICT, WITHOUT ROWID;

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

CREATE TABLE migration (component TEXT, step TEXT, PRIMARY KEY (component, step)) STRICT;

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

CREATE TABLE profile_by_handle (
  bucket TEXT NOT NULL,
  handle TEXT NOT NULL,
  user_id TEXT NOT NULL,
  PRIMARY KEY (bucket, handle)
) STRICT, WITHOUT ROWID;

CREATE TABLE registration (
  device_id TEXT NOT NULL,
  client_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  content_hash BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (device_id, client_id)
) STRICT, WITHOUT ROWID;

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

CREATE TABLE session (
  user_id TEXT NOT NULL,
  session_id TEXT NOT NULL,
  device_id TEXT NOT NULL,
  device_name TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  refreshed_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  rotated_by TEXT NOT NULL,
  ended_at INTEGER NOT NULL,
  PRIMARY KEY (user_id, session_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE upload (
  user_id TEXT NOT NULL,
  media_id TEXT NOT NULL,
  conversation_id TEXT NOT NULL,
  file_name TEXT NOT NULL,
  content_type TEXT NOT NULL,
  size INTEGER NOT NULL,
  sha256 BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (user_id, media_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE upload_by_age (
  bucket TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  media_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  PRIMARY KEY (bucket, created_at, media_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE upload_claim (
  user_id TEXT NOT NULL,
  device_id TEXT NOT NULL,
  client_id TEXT NOT NULL,
  media_id TEXT NOT NULL,
  content_hash BLOB NOT NULL,
  PRIMARY KEY (user_id, device_id, client_id)
) STRICT, WITHOUT ROWID;
