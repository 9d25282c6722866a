-- One row a record. Spoken by SQLite and Cloudflare D1 alike: no PRAGMA, no BEGIN, no ATTACH.
--
-- Times are nanoseconds since 1970 as 64-bit integers, exact to 2^63 - 1 (the year 2262); a later time is stored as
-- that, with its own digits in `truncated`. Through JavaScript (D1) read them with CAST(time_unix_nano AS TEXT).
-- The rowid is part of the design: it grows with every commit, which is how readers follow new rows.
CREATE TABLE logs (
    record_id TEXT NOT NULL PRIMARY KEY,
    domain TEXT NOT NULL,
    time_unix_nano INTEGER NOT NULL,
    observed_time_unix_nano INTEGER NOT NULL,
    severity_number INTEGER NOT NULL,
    severity_text TEXT,
    body TEXT,
    body_is_json INTEGER NOT NULL,
    service_name TEXT,
    environment TEXT,
    source_type TEXT,
    error_type TEXT,
    component TEXT,
    endpoint TEXT,
    triage_level TEXT,
    triage_rule TEXT,
    triage_action TEXT,
    event_name TEXT,
    trace_id TEXT,
    span_id TEXT,
    flags INTEGER NOT NULL,
    dropped_attributes_count INTEGER NOT NULL,
    scope_name TEXT,
    scope_version TEXT,
    scope_attributes TEXT,
    attributes TEXT NOT NULL,
    resource TEXT NOT NULL,
    truncated TEXT
);

CREATE INDEX logs_domain_time ON logs (domain, time_unix_nano);

-- Written with OR, not IN: only so does the planner see that `triage_level = 'critical'` is covered.
CREATE INDEX logs_urgent ON logs (domain, triage_level, time_unix_nano)
WHERE triage_level = 'critical' OR triage_level = 'warning';

CREATE INDEX logs_error_trace ON logs (trace_id)
WHERE severity_number >= 17 AND trace_id IS NOT NULL;
