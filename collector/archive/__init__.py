"""Log records in Parquet files, in object storage or a folder: written once, found by domain and hour, read by any engine."""
