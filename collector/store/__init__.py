"""The embedded store: one SQL schema in the dialect that SQLite and Cloudflare D1 share, and ways to write and read it.

migrations/     the schema, as numbered SQL files
schema          which migrations a database has and needs; indexes by choice
rows            LogBatch → rows, a column at a time
embedded        the SQLite file: one writer thread's connection
projections     tables that are made of events, one declaration each; projection: what one is; changes: writes their migrations
describing      LogBatch → their rows
mark            by what a store is known again
minutes         counts by minute, written with the rows
retention       what may be deleted, as statements
sweeping        deletes it, a bounded number of rows at a time
upkeep          sweeping, and counting the rows of before there were counts
reading         a read-only connection for queries, and its guard
following       new rows in the order they were committed
"""
