CREATE TABLE IF NOT EXISTS deployments (
    domain TEXT NOT NULL,
    deployment_id TEXT NOT NULL,
    service TEXT,
    service_version TEXT,
    environment TEXT,
    url TEXT,
    time_unix_nano INTEGER,
    version INTEGER NOT NULL,
    event_id TEXT NOT NULL,
    PRIMARY KEY (domain, deployment_id)
) WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS deployments_by_time ON deployments (domain, time_unix_nano);

CREATE TABLE IF NOT EXISTS notifications (
    domain TEXT NOT NULL,
    group_id TEXT NOT NULL,
    exporter TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    receiver TEXT,
    status TEXT,
    reason TEXT,
    level TEXT,
    started_unix_nano INTEGER,
    count INTEGER,
    labels TEXT,
    alerts TEXT,
    time_unix_nano INTEGER,
    version INTEGER NOT NULL,
    event_id TEXT NOT NULL,
    PRIMARY KEY (domain, group_id, exporter, sequence)
) WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS notifications_by_time ON notifications (domain, time_unix_nano);

UPDATE logboom_store SET name = lower(hex(randomblob(16)));
