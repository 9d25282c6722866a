"""A response as JSON, for programs that are told what it is about: what the log said is in it, as data."""

from __future__ import annotations

import orjson

from collector.responses.response import Response


def facts(response: Response) -> bytes:
    """All that is known when it is carried out; times in ns since 1970. `id` is the same at a repetition."""
    names = (
        "id",
        "name",
        "target",
        "domain",
        "group",
        "labels",
        "dry_run",
        "instances",
        "deployment",
        "proposed",
        "started",
        "who",
        "why",
    )
    return orjson.dumps({"response": {name: getattr(response, name) for name in names}})
