"""ServiceNow's Table API: incidents whose correlation_id nobody keeps unique, fields that the account may not write.

Source: ServiceNow, "Table API".
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from collector.transport.http_client import HttpAnswer
from counterparts.vendors.vendor import Asked, Vendor, said

_TABLE = "/api/now/table/incident"
_QUERY = re.compile(r"correlation_id=([0-9a-f]{32})\^stateNOT IN7,8\^ORDERBYDESCsys_created_on")


@dataclass
class ServiceNow(Vendor):
    """`rows`: sys_id → row, with `notes`. `drops`: fields that vanish under 201."""

    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    drops: tuple[str, ...] = ()

    def act(self, asked: Asked) -> HttpAnswer:
        if asked.headers.get("x-sn-apikey") != "s3cret" and not asked.headers.get("Authorization", "").startswith(
            "Basic "
        ):
            return said({"error": {"message": "User Not Authenticated"}}, 401)
        if asked.path == _TABLE:
            return self._made(asked.json) if asked.method == "POST" else self._found(asked.query["sysparm_query"])
        row = self.rows.get(asked.path.removeprefix(f"{_TABLE}/"))
        if row is None:
            return said({"error": {"message": "No Record found"}}, 404)
        return self._changed(row, asked.json) if asked.method == "PATCH" else said({"result": row})

    def _made(self, given: dict[str, Any]) -> HttpAnswer:
        assert len(given["short_description"]) <= 160
        row: dict[str, Any] = {name: value for name, value in given.items() if name not in self.drops}
        row |= {
            "sys_id": f"{len(self.rows) + 1:032x}",
            "state": "1",
            "notes": [row.pop("work_notes")] if "work_notes" in row else [],
        }
        self.rows[row["sys_id"]] = row
        return said({"result": row}, 201)

    def _found(self, query: str) -> HttpAnswer:
        asked = _QUERY.fullmatch(query)
        assert asked, query
        known = [
            row
            for row in reversed(self.rows.values())
            if row.get("correlation_id") == asked.group(1) and row["state"] not in "78"
        ]
        return said({"result": known[:1]})

    def _changed(self, row: dict[str, Any], values: dict[str, str]) -> HttpAnswer:
        if values.get("state") == "6" and not (values.get("close_code") and values.get("close_notes")):
            return said({"error": {"message": "Data Policy Exception"}}, 403)
        if "work_notes" in values:
            row["notes"].append(values.pop("work_notes"))
        row |= values
        row["resolved_at"] = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S") if row["state"] == "6" else ""
        return said({"result": row})
