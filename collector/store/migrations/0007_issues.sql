-- How many sent records there are of a minute, level and issue, written like `log_minutes`.
CREATE TABLE IF NOT EXISTS issue_minutes (
    domain TEXT NOT NULL,
    minute INTEGER NOT NULL,
    level TEXT NOT NULL,
    issue_id TEXT NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (domain, minute, level, issue_id)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS issues (
    domain TEXT NOT NULL,
    issue_id TEXT NOT NULL,
    state TEXT,
    level TEXT,
    priority TEXT,
    title TEXT,
    component TEXT,
    service TEXT,
    environment TEXT,
    assignee TEXT,
    events INTEGER,
    first_seen_unix_nano INTEGER,
    last_seen_unix_nano INTEGER,
    owner TEXT,
    category TEXT,
    type TEXT,
    reason TEXT,
    users INTEGER,
    acknowledged_unix_nano INTEGER,
    acknowledged_by TEXT,
    resolved_in TEXT,
    archived_until TEXT,
    services TEXT,
    endpoints TEXT,
    versions TEXT,
    environments TEXT,
    samples TEXT,
    variants TEXT,
    trend TEXT,
    details TEXT,
    triage_rule TEXT,
    cause TEXT,
    suggestion TEXT,
    generated TEXT,
    merged_into TEXT,
    version INTEGER NOT NULL,
    event_id TEXT NOT NULL,
    PRIMARY KEY (domain, issue_id)
) WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS issues_by_time ON issues (domain, last_seen_unix_nano);

CREATE TABLE IF NOT EXISTS issue_activity (
    domain TEXT NOT NULL,
    issue_id TEXT NOT NULL,
    activity INTEGER NOT NULL,
    change TEXT,
    state TEXT,
    reason TEXT,
    who TEXT,
    why TEXT,
    level TEXT,
    priority TEXT,
    component TEXT,
    service TEXT,
    environment TEXT,
    assignee TEXT,
    events INTEGER,
    first_seen_unix_nano INTEGER,
    time_unix_nano INTEGER,
    version INTEGER NOT NULL,
    event_id TEXT NOT NULL,
    PRIMARY KEY (domain, issue_id, activity)
) WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS issue_activity_by_time ON issue_activity (domain, time_unix_nano);

UPDATE logboom_store SET name = lower(hex(randomblob(16)));
