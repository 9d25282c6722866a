"""JSON documents from columns: what every document-like exporter (SQL, search, event collectors) writes.

    attributes_json(batch)   one JSON object a record: its attributes, those that logboom derived included
    resource_json(batch)     one JSON object a record: the attributes of its resource
    scope_json(batch)        one JSON object a record: the attributes of its instrumentation scope
    body_text(batch)         the body as text, JSON for what is no string

No Python runs per record: values become text a column at a time, and the objects are cut out of one buffer. They are loaded
when asked for, so that reading a configuration (`collector.documents.options`) loads no columns.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collector.documents.bodies import body_text, cut
    from collector.documents.json_text import quoted
    from collector.documents.objects import attributes_json, resource_json, scope_json

__all__ = ["attributes_json", "body_text", "cut", "quoted", "resource_json", "scope_json"]
_HOMES = {
    "attributes_json": "objects",
    "body_text": "bodies",
    "cut": "bodies",
    "quoted": "json_text",
    "resource_json": "objects",
    "scope_json": "objects",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
