CREATE TABLE IF NOT EXISTS audit (
    domain TEXT NOT NULL,
    seq INTEGER NOT NULL,
    hash TEXT NOT NULL,
    previous TEXT,
    entry TEXT,
    event TEXT,
    action TEXT,
    who TEXT,
    why TEXT,
    address TEXT,
    received_unix_nano INTEGER,
    expires_unix_nano INTEGER,
    time_unix_nano INTEGER,
    version INTEGER NOT NULL,
    event_id TEXT NOT NULL,
    PRIMARY KEY (domain, seq, hash)
) WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS audit_by_expiry ON audit (domain, expires_unix_nano);

CREATE INDEX IF NOT EXISTS audit_by_time ON audit (domain, time_unix_nano);

UPDATE logboom_store SET name = lower(hex(randomblob(16)));
