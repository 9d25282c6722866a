-- What a slice of an erasure removed, written in its transaction: a row for each erasure, of its last slice.
CREATE TABLE IF NOT EXISTS logboom_erasures (
    erasure TEXT NOT NULL UNIQUE,
    behind TEXT NOT NULL,
    next TEXT NOT NULL,
    records INTEGER NOT NULL
);
