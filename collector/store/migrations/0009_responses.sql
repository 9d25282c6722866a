CREATE TABLE IF NOT EXISTS responses (
    domain TEXT NOT NULL,
    response_id TEXT NOT NULL,
    name TEXT,
    exporter TEXT,
    target TEXT,
    state TEXT,
    reason TEXT,
    dry_run INTEGER,
    who TEXT,
    why TEXT,
    group_id TEXT,
    labels TEXT,
    instances INTEGER,
    deployment TEXT,
    was TEXT,
    became TEXT,
    proposed_unix_nano INTEGER,
    expires_unix_nano INTEGER,
    time_unix_nano INTEGER,
    version INTEGER NOT NULL,
    event_id TEXT NOT NULL,
    PRIMARY KEY (domain, response_id)
) WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS responses_by_time ON responses (domain, time_unix_nano);

UPDATE logboom_store SET name = lower(hex(randomblob(16)));
