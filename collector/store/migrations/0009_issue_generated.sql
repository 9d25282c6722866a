ALTER TABLE issues ADD COLUMN generated TEXT;

UPDATE logboom_store SET name = lower(hex(randomblob(16)));
