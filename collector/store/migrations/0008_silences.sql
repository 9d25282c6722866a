CREATE TABLE IF NOT EXISTS silences (
    domain TEXT NOT NULL,
    silence_id TEXT NOT NULL,
    matchers TEXT,
    who TEXT,
    why TEXT,
    starts_unix_nano INTEGER,
    ends_unix_nano INTEGER,
    version INTEGER NOT NULL,
    event_id TEXT NOT NULL,
    PRIMARY KEY (domain, silence_id)
) WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS silences_by_end ON silences (domain, ends_unix_nano);

UPDATE logboom_store SET name = lower(hex(randomblob(16)));
