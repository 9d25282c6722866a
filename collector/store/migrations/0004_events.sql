-- Records that components made have a retention of their own: this finds them without looking at the others, and costs those nothing.
CREATE INDEX logs_events ON logs (domain, time_unix_nano) WHERE generation IS NOT NULL;

-- By what a store is known again: collector/store/mark.py. Where somebody dropped `logs` to begin anew, it is there.
DROP TABLE IF EXISTS logboom_store;

CREATE TABLE logboom_store (name TEXT NOT NULL, changes INTEGER NOT NULL);

INSERT INTO logboom_store SELECT lower(hex(randomblob(16))), 0;
