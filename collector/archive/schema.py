"""The columns of archived records: those of `collector.store`'s table `logs`, in types of Arrow, and attributes as maps.

A map has text for each value: strings as they are, numbers and booleans as written, bytes in base64, arrays and maps as JSON, null for an
empty value. What each was stands beside it, in `<map>_kinds`: one byte for each entry, in order, as `ValueKind` numbers them, with the
bits `FROM_BODY` (it was taken out of a body's text) and `DERIVED` (logboom added it).
"""

from __future__ import annotations

import pyarrow as pa

from collector.store.columns import DERIVED as STORED

FROM_BODY, DERIVED = 0x40, 0x80
KIND = 0x0F
FORMAT = "1"
"""Of what is written; a reader refuses a later one."""

MAPS = ("attributes", "resource", "scope_attributes")
TIME = pa.timestamp("ns", "UTC")
_TEXT, _BYTES = pa.large_string(), pa.large_binary()
_MAP = pa.map_(_TEXT, _TEXT)
_CODED = pa.dictionary(pa.int32(), _TEXT)
_CODED_MAP = pa.map_(_CODED, _CODED)
"""Of what many records share: written as it is, and read as text."""

FOUND = {**STORED, "pattern_template": "logboom.pattern.template"}
"""Column → the attribute that a processor wrote, which then stands in no map."""
FOUND_NUMBERS = {"http_status": "logboom.http_status"}
"""The same, of integers."""

SCHEMA = pa.schema(
    [
        pa.field("record_id", _TEXT, nullable=False),
        pa.field("domain", _TEXT, nullable=False),
        pa.field("time", TIME, nullable=False),
        pa.field("observed_time", TIME),
        pa.field("severity_number", pa.int32()),
        pa.field("severity_text", _TEXT),
        pa.field("level", _TEXT),
        pa.field("body", _TEXT),
        pa.field("body_is_json", pa.bool_()),
        pa.field("service_name", _TEXT),
        pa.field("environment", _TEXT),
        *(pa.field(name, _TEXT) for name in FOUND),
        *(pa.field(name, pa.int64()) for name in FOUND_NUMBERS),
        pa.field("event_name", _TEXT),
        pa.field("trace_id", _BYTES),
        pa.field("span_id", _BYTES),
        pa.field("flags", pa.uint32()),
        pa.field("dropped_attributes_count", pa.uint32()),
        pa.field("generation", pa.uint8()),
        pa.field("attributes", _MAP),
        pa.field("attributes_kinds", _BYTES),
        pa.field("resource", _CODED_MAP),
        pa.field("resource_kinds", _BYTES),
        pa.field("resource_schema_url", _TEXT),
        pa.field("scope_name", _TEXT),
        pa.field("scope_version", _TEXT),
        pa.field("scope_schema_url", _TEXT),
        pa.field("scope_attributes", _CODED_MAP),
        pa.field("scope_attributes_kinds", _BYTES),
    ]
)
"""`time` is when it happened, else when it was observed or received; `level` that of triage, else of the severity; `generation` how many
times over a component made it of others, null for what was sent."""
