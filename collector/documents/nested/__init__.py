"""Documents with a place for each field: one value a key, maps opened, objects within objects or dotted keys.

fields(table)              attribute tables as fields, maps flattened to dotted keys
derived_fields(batch)      the attributes that logboom computed
Columns                    fields that stand in columns already
documents(layers, layout)  one JSON object a record, laid out once for all records that have the same fields
layout.flat, layout.nested how fields become an object, and what happens when keys are in each other's way
"""

from __future__ import annotations

from collector.documents.nested.fields import derived_fields, fields
from collector.documents.nested.layers import Columns, Fields, Text
from collector.documents.nested.shapes import documents

__all__ = ["Columns", "Fields", "Text", "derived_fields", "documents", "fields"]
