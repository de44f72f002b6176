-- A person. Partition: user_id. Empty text: the person has none.
CREATE TABLE account (
  user_id TEXT PRIMARY KEY,
  handle TEXT NOT NULL,
  phone TEXT NOT NULL,
  email TEXT NOT NULL,
  password_hash TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

-- Who has a handle. Partition: handle. Written once.
CREATE TABLE account_handle (
  handle TEXT PRIMARY KEY,
  user_id TEXT NOT NULL
) STRICT;

-- Who confirmed a phone number or email address. Partition: address. Written once.
CREATE TABLE contact_owner (
  address TEXT PRIMARY KEY,
  user_id TEXT NOT NULL
) STRICT;

-- Accounts that name an address, confirmed or not. Partition: address. Clustering: created_at, user_id.
CREATE TABLE contact_candidate (
  address TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  user_id TEXT NOT NULL,
  PRIMARY KEY (address, created_at, user_id)
) STRICT, WITHOUT ROWID;

-- Registrations by the call that made them. Partition: device_id. Clustering: client_id. Written once.
CREATE TABLE registration (
  device_id TEXT NOT NULL,
  client_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  content_hash BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (device_id, client_id)
) STRICT, WITHOUT ROWID;

-- People known elsewhere. Partition: issuer, subject. Written once.
CREATE TABLE external_account (
  issuer TEXT NOT NULL,
  subject TEXT NOT NULL,
  user_id TEXT NOT NULL,
  PRIMARY KEY (issuer, subject)
) STRICT, WITHOUT ROWID;

-- Codes that were sent. Partition: user_id. Clustering: address.
CREATE TABLE contact_code (
  user_id TEXT NOT NULL,
  address TEXT NOT NULL,
  code_hash BLOB NOT NULL,
  sent_at INTEGER NOT NULL,
  tries_left INTEGER NOT NULL,
  PRIMARY KEY (user_id, address)
) STRICT, WITHOUT ROWID;

-- Signed-in devices. Partition: user_id. Clustering: session_id. ended_at 0: lives. A row is kept until expires_at.
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
