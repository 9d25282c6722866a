"""The query language: one text that selects records, in stores as SQL and in batches as a mask, with the same answers. See README.md."""

from collector.query.parser import MOST_BYTES, MOST_DEPTH, MOST_TERMS, parse
from collector.query.problems import QueryError
from collector.query.query import Query
from collector.query.sql import Clause

__all__ = ["MOST_BYTES", "MOST_DEPTH", "MOST_TERMS", "Clause", "Query", "QueryError", "parse"]
