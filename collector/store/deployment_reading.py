"""What a store says of deployments."""

from __future__ import annotations

from typing import Any

from collector.store.reading import Readable

_COLUMNS = ("domain", "deployment_id", "service", "service_version", "environment", "url", "time_unix_nano")


def deployed(connection: Readable, since: int, until: int, limit: int = 50) -> list[dict[str, Any]]:
    """Deployments from `since` to before `until` (nanoseconds), the newest first. Of a connection's own domains alone."""
    statement = (
        f"SELECT {', '.join(_COLUMNS)} FROM deployments WHERE time_unix_nano >= ? AND time_unix_nano < ?"  # noqa: S608 - constants
        " ORDER BY time_unix_nano DESC, deployment_id LIMIT ?"
    )
    return [dict(zip(_COLUMNS, row, strict=True)) for row in connection.execute(statement, [since, until, limit])]
