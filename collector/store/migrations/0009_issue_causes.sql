ALTER TABLE issues ADD COLUMN cause TEXT;

ALTER TABLE issues ADD COLUMN suggestion TEXT;

UPDATE logboom_store SET name = lower(hex(randomblob(16)));
