"""A search as a monitor: what its form says, as the options of one, and as the lines that the configuration needs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml
from pydantic import ValidationError

from collector.connectors.alerting.monitor_config import MonitorConfig
from collector.console.pages.narrowing import Narrowing
from collector.console.refusal import Refused
from collector.visible import visible

CONDITIONS = {"above": "more records than", "below": "fewer records than", "absent_for": "none for"}
LEVELS = tuple((level, level) for level in ("critical", "warning", "info"))
_LONGEST_NAME = 40
_OTHER = re.compile(r"[^a-z0-9]+")


def draft(given: Mapping[str, str], domain: str = "") -> dict[str, Any]:
    """Options as they are written, of the fields of the form; those that stand as they would without are left out.

    Args:
        domain: the one that is looked at: the monitor counts its records alone.
    """
    asks = _asks(given.get("q", ""), domain)
    condition = given.get("when", "above")
    said: dict[str, Any] = {"name": given.get("name", "").strip() or _named(given.get("q", "")), "query": asks}
    if condition == "absent_for":
        said["absent_for"] = given.get("count", "").strip() or "1h"
    else:
        said |= {"window": given.get("window", "").strip() or "5m", condition: _count(given.get("count", ""))}
    if groups := [name for name in re.split(r"[,\s]+", given.get("group_by", "")) if name]:
        said["group_by"] = groups
    if lasts := given.get("for", "").strip():
        said["for"] = lasts
    return {**said, "level": given.get("level") or "warning"}


def monitor_of(said: Mapping[str, Any]) -> MonitorConfig:
    """Raises `Refused`: what can't be a monitor, and why."""
    try:
        return MonitorConfig.model_validate(dict(said))
    except ValidationError as error:
        raise Refused(400, "; ".join(_said(each) for each in error.errors())) from error


def configuration(said: Mapping[str, Any], connector: str) -> str:
    """YAML; what the configuration would take for a variable is written so that it does not."""
    kept = {name: value.replace("$", "$$") if isinstance(value, str) else value for name, value in said.items()}
    text = yaml.safe_dump([kept], sort_keys=False, allow_unicode=visible(str(kept)) == str(kept), width=1 << 16)
    lines = "".join(f"      {line}\n" for line in text.splitlines())
    return f"connectors:\n  {connector}:\n    monitors:\n{lines}"


def _asks(query: str, domain: str) -> str:
    return Narrowing(query).only("domain", domain) if domain else query.strip()


def _count(text: str) -> int | str:
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text.strip()) else text.strip() or 0


def _named(query: str) -> str:
    return _OTHER.sub("-", query.lower())[:_LONGEST_NAME].strip("-") or "all-records"


def _said(error: Any) -> str:
    return f"{'.'.join(str(part) for part in error['loc'])}: {error['msg']}" if error["loc"] else error["msg"]
