-- `generation`: NULL for what was sent, else how many times over components made the record of others.
ALTER TABLE logs ADD COLUMN generation INTEGER;

-- How many sent records there are of a minute (since 1970, by `time_unix_nano`), level and the rest; '' = not said. Written in the
-- transaction of the rows, for those that were really inserted. Where somebody dropped `logs` to begin anew, it is there.
CREATE TABLE IF NOT EXISTS log_minutes (
    domain TEXT NOT NULL,
    minute INTEGER NOT NULL,
    level TEXT NOT NULL,
    service TEXT NOT NULL,
    component TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    environment TEXT NOT NULL,
    error_type TEXT NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (domain, minute, level, service, component, endpoint, environment, error_type)
) WITHOUT ROWID;

-- One row: rows of `logs` up to this rowid are not counted yet. They are, a piece at a time, by who writes the store; 0 = all are.
DROP TABLE IF EXISTS log_minutes_uncounted;

CREATE TABLE log_minutes_uncounted (through INTEGER NOT NULL);

INSERT INTO log_minutes_uncounted SELECT ifnull(max(rowid), 0) FROM logs;
