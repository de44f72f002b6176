-- Which upload a call has begun. Partition: user_id, device_id. Clustering: client_id. Inserted once, never changed.
CREATE TABLE upload_claim (
  user_id TEXT NOT NULL,
  device_id TEXT NOT NULL,
  client_id TEXT NOT NULL,
  media_id TEXT NOT NULL,
  content_hash BLOB NOT NULL,
  PRIMARY KEY (user_id, device_id, client_id)
) STRICT, WITHOUT ROWID;

-- Uploads that are not finished. Partition: user_id. Clustering: media_id.
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

-- The same uploads by age, for those that were given up. Partition: bucket, the last digit of the id. Clustering:
-- created_at, media_id.
CREATE TABLE upload_by_age (
  bucket TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  media_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  PRIMARY KEY (bucket, created_at, media_id)
) STRICT, WITHOUT ROWID;

-- Files whose upload was completed. Partition: media_id. Inserted once, never changed.
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
