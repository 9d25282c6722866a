-- The pattern and the issue that a record belongs to; NULL = none was found. By pattern are found those that people look at one by one:
-- lists and counts of the others come from `pattern_minutes`. Rows without a pattern cost this index nothing.
ALTER TABLE logs ADD COLUMN pattern_id TEXT;

ALTER TABLE logs ADD COLUMN issue_id TEXT;

CREATE INDEX logs_patterns ON logs (domain, pattern_id, time_unix_nano)
WHERE pattern_id IS NOT NULL AND (triage_level = 'critical' OR triage_level = 'warning');

-- How many sent records there are of a minute, level and pattern, written like `log_minutes`.
CREATE TABLE IF NOT EXISTS pattern_minutes (
    domain TEXT NOT NULL,
    minute INTEGER NOT NULL,
    level TEXT NOT NULL,
    pattern_id TEXT NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (domain, minute, level, pattern_id)
) WITHOUT ROWID;

-- How many rows the last request of D1 inserted: between its statements, where several tables count them.
ALTER TABLE logboom_store ADD COLUMN inserted INTEGER NOT NULL DEFAULT 0;

CREATE TABLE IF NOT EXISTS patterns (
    domain TEXT NOT NULL,
    pattern_id TEXT NOT NULL,
    template TEXT,
    source TEXT,
    service TEXT,
    component TEXT,
    level TEXT,
    count INTEGER,
    first_seen_unix_nano INTEGER,
    last_seen_unix_nano INTEGER,
    levels TEXT,
    parameters TEXT,
    samples TEXT,
    merged_into TEXT,
    time_unix_nano INTEGER,
    version INTEGER NOT NULL,
    event_id TEXT NOT NULL,
    PRIMARY KEY (domain, pattern_id)
) WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS patterns_by_time ON patterns (domain, time_unix_nano);

UPDATE logboom_store SET name = lower(hex(randomblob(16)));
