"""What a time's records take and cost, by domain: counted by the minute, their size as that of the newest ones."""

from __future__ import annotations

from typing import Any

from collector.store.reading import Readable
from collector.store.retention import MINUTE_NS

_MOST, _LOOKED_AT = 20, 200
_ROW_BYTES = 350
"""Beside body, attributes and resource: other columns, indexes, counts."""
_MONTH_MINUTES = 30 * 86_400 * 10**9 // MINUTE_NS
_RECORDS = "SELECT domain, sum(n) AS records FROM log_minutes WHERE minute >= ? AND minute < ? GROUP BY domain ORDER BY records DESC, domain LIMIT ?"
_SIZE = (
    "SELECT avg(size) FROM (SELECT length(CAST(ifnull(body, '') AS BLOB)) + length(CAST(attributes AS BLOB)) + length(CAST(resource AS BLOB))"
    " AS size FROM logs WHERE domain = ? ORDER BY time_unix_nano DESC LIMIT ?)"
)


def kept(connection: Readable, first: int, last: int, price: float = 0.0) -> list[dict[str, Any]]:
    """Domains by records from one minute to another (minutes since 1970), the first 20.

    Each has `records`, `bytes` and `bytes_a_month` (estimated; of this rate), and `cost`: of the records at `price` a million, None without one.
    """
    months = max(1, last - first) / _MONTH_MINUTES
    rows = []
    for domain, records in connection.execute(_RECORDS, [first, last, _MOST]).fetchall():
        [[size]] = connection.execute(_SIZE, [domain, _LOOKED_AT]).fetchall()
        size_bytes = round(records * (float(size or 0) + _ROW_BYTES))
        rows.append({
            "domain": domain, "records": records, "bytes": size_bytes, "bytes_a_month": round(size_bytes / months),
            "cost": round(records * price / 1e6, 4) if price else None,
        })  # fmt: skip
    return rows
