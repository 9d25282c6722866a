"""A list as the API server tells it: in pages, and then what changes.

Source: Kubernetes API concepts, "Retrieving large results sets in chunks", "Efficient detection of changes".
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from collector.transport.kubernetes.api import Api, Refused

Object = dict[str, Any]
BOOKMARK = "BOOKMARK"
WHOLE = "application/json"
_PAGE = 500


@dataclass(frozen=True, slots=True)
class Page:
    """Some objects of a list; `version` is that of the whole list, `token` leads to the next page (empty: there is none)."""

    objects: Sequence[Object]
    version: str
    token: str
    kind: str = ""
    api_version: str = ""


def pages(
    api: Api, path: str, parameters: Mapping[str, str], accept: str = WHOLE, *, token: str = "", size: int = _PAGE
) -> Iterator[Page]:
    """All of a list, as of one moment, from `token` on. Raises `Refused`; `KeyError`, `TypeError`, `AttributeError`: not the API server answered."""
    while True:
        got = api.get(path, {**parameters, "limit": str(size), "continue": token}, accept)
        token = got["metadata"].get("continue", "")
        version = str(got["metadata"].get("resourceVersion", ""))
        yield Page(got["items"] or [], version, token, str(got.get("kind", "")), str(got.get("apiVersion", "")))
        if not token:
            return


def changes(
    api: Api, path: str, selectors: Mapping[str, str], version: str, timeout: float, accept: str = WHOLE
) -> Iterator[tuple[str, Object]]:
    """What happens behind `version`, until the server ends it: `ADDED`, `MODIFIED`, `DELETED`, and `BOOKMARK`, which says how far it is.

    Args:
        timeout: seconds that a read may take; the watch is shorter.

    Raises:
        Refused: also where an event says so; `gone` where the server does not keep what was behind that version any more.
    """
    lasts = str(max(1, int(timeout * random.uniform(0.6, 0.9))))  # noqa: S311
    parameters = {
        **selectors, "watch": "1", "allowWatchBookmarks": "true", "resourceVersion": version, "timeoutSeconds": lasts,
    }  # fmt: skip
    for event in api.lines(path, parameters, accept):
        found = event["object"]
        if event["type"] == "ERROR":
            raise Refused(str(found.get("message", "the watch failed")), int(found.get("code", 0)))
        yield event["type"], found
