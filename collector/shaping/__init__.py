"""What of a record may be seen by an exporter: which records, which attributes, what is redacted.

config.py             the options `select`, `attributes`, `redact`
selection.py          which records
events.py             which events: records that components made
attribute_filter.py   which attributes; names.py: patterns of names
redaction.py          values that are masked; patterns.py: the patterns that ship
"""
