-- What a record does not say is NULL: severity and observed time were 0 until now. Their columns cannot lose NOT NULL
-- without a copy of the whole table, so they stay as what is written (0 = not said), and the names lead to what is read.
-- Nothing of the rows that are there is touched. Indexes follow the names.
DROP INDEX logs_error_trace;

DROP INDEX IF EXISTS logs_by_severity;

ALTER TABLE logs RENAME COLUMN severity_number TO severity_written;

ALTER TABLE logs RENAME COLUMN observed_time_unix_nano TO observed_written;

ALTER TABLE logs ADD COLUMN severity_number INTEGER
GENERATED ALWAYS AS (CASE WHEN severity_written BETWEEN 1 AND 24 THEN severity_written END) VIRTUAL;

ALTER TABLE logs ADD COLUMN observed_time_unix_nano INTEGER GENERATED ALWAYS AS (nullif(observed_written, 0)) VIRTUAL;

CREATE INDEX logs_error_trace ON logs (trace_id)
WHERE severity_number >= 17 AND trace_id IS NOT NULL;
