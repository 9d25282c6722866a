"""JSON documents from columns: what every document-like exporter (SQL, search, event collectors) writes.

    attributes_json(batch)   one JSON object a record: its attributes, those that logboom derived included
    resource_json(batch)     one JSON object a record: the attributes of its resource
    scope_json(batch)        one JSON object a record: the attributes of its instrumentation scope
    body_text(batch)         the body as text, JSON for what is no string

No Python runs per record: values become text a column at a time, and the objects are cut out of one buffer.
"""

from __future__ import annotations

from collector.documents.bodies import body_text, cut
from collector.documents.json_text import quoted
from collector.documents.objects import attributes_json, resource_json, scope_json

__all__ = ["attributes_json", "body_text", "cut", "quoted", "resource_json", "scope_json"]
