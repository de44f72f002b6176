-- Which installation the file belongs to. `incarnation` is 0 while the installation is being made.
CREATE TABLE installation (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  id TEXT NOT NULL,
  incarnation INTEGER NOT NULL
) STRICT
