/** Written into every file: one of another version is built anew. To be raised with every change of the schema, or of what is written
 *  into its columns. */
export const SCHEMA_VERSION = 4

/** What the store is asked is in columns; the rest of an entry is in `body`, as the journal has it. A column that does not apply to an
 *  entry's state is null and its index leaves the row out, so that an index is as long as what it is there for: the queue, or what is
 *  under way. Many may have the same time, such as the end of the night: to go on among them, SQLite seeks a pair of columns in an index,
 *  but not if one is the row's own key; so there is a copy of it. */
export const SCHEMA = `
  CREATE TABLE meta (facts TEXT NOT NULL);

  CREATE TABLE entries (
    arrival    INTEGER PRIMARY KEY,
    seq        INTEGER NOT NULL,  -- arrival again
    id         BLOB NOT NULL,
    state      TEXT NOT NULL,
    identity   BLOB,              -- if it claims one
    business   BLOB,              -- if it claims one
    recipient  BLOB,
    channel    TEXT,
    lane       TEXT,
    rank       INTEGER,           -- 0 urgent, 1 not
    place      INTEGER,           -- 0 under way, 1 queued in its line, 2 queued for a resend
    turn       INTEGER,           -- 1 it is its turn, 0 so it is but it backs off; null it is not
    releaseAt  INTEGER NOT NULL,
    notBefore  INTEGER NOT NULL,
    subject    TEXT,              -- while queued
    expiresAt  INTEGER,           -- while queued
    settleAt   INTEGER,           -- while unknown or accepted
    fallbackAt INTEGER,
    lastSentAt INTEGER,
    forgetAt   INTEGER,           -- when ended
    crc        INTEGER NOT NULL,
    body       BLOB NOT NULL
  );
  CREATE UNIQUE INDEX ids ON entries (id);
  CREATE INDEX identities ON entries (identity) WHERE identity IS NOT NULL;
  CREATE INDEX businesses ON entries (business) WHERE business IS NOT NULL;
  CREATE INDEX people ON entries (recipient, place, channel, rank, releaseAt, seq) WHERE place IS NOT NULL;
  CREATE INDEX reached ON entries (recipient, lastSentAt, seq) WHERE lastSentAt IS NOT NULL;
  CREATE INDEX ready ON entries (lane, rank, releaseAt, seq) WHERE turn = 1;
  CREATE INDEX coming ON entries (releaseAt) WHERE turn = 1 AND notBefore <= releaseAt;
  CREATE INDEX backing_off ON entries (turn, notBefore) WHERE turn IS NOT NULL AND notBefore > releaseAt;
  CREATE INDEX under_way ON entries (place) WHERE place = 0;
  CREATE INDEX subjects ON entries (subject) WHERE subject IS NOT NULL;
  CREATE INDEX expiring ON entries (expiresAt, seq) WHERE expiresAt IS NOT NULL;
  CREATE INDEX unsettled ON entries (channel, settleAt, seq) WHERE settleAt IS NOT NULL;
  CREATE INDEX settling ON entries (settleAt) WHERE settleAt IS NOT NULL;
  CREATE INDEX falling_back ON entries (fallbackAt, seq) WHERE fallbackAt IS NOT NULL;
  CREATE INDEX forgetting ON entries (forgetAt, seq) WHERE forgetAt IS NOT NULL;

  CREATE TABLE tags (tag TEXT PRIMARY KEY, arrival INTEGER NOT NULL) WITHOUT ROWID;

  CREATE TABLE marks (
    subject  TEXT PRIMARY KEY,
    pending  INTEGER,             -- 1 or null
    forgetAt INTEGER,             -- unless pending
    crc      INTEGER NOT NULL,
    body     BLOB NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX pending_marks ON marks (pending, subject) WHERE pending IS NOT NULL;
  CREATE INDEX forgetting_marks ON marks (forgetAt, subject) WHERE forgetAt IS NOT NULL;

  CREATE TABLE pauses (channel TEXT PRIMARY KEY, crc INTEGER NOT NULL, body BLOB NOT NULL) WITHOUT ROWID;
  CREATE TABLE coverages (channel TEXT PRIMARY KEY, crc INTEGER NOT NULL, body BLOB NOT NULL) WITHOUT ROWID;
`
