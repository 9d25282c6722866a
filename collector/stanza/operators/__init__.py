"""The operators, by type."""

from collections.abc import Mapping

from collector.stanza.operation import Make
from collector.stanza.operators.container import Container
from collector.stanza.operators.csv_parser import CsvParser
from collector.stanza.operators.json_parser import JsonArrayParser, JsonParser
from collector.stanza.operators.key_value_parser import KeyValueParser
from collector.stanza.operators.moving import Add, AssignKeys, Copy, Flatten, Move, Noop, Remove, Retain
from collector.stanza.operators.recombine import Recombine
from collector.stanza.operators.regex_parser import RegexParser
from collector.stanza.operators.routing import Filter, Router
from collector.stanza.operators.severity_parser import SeverityParser
from collector.stanza.operators.syslog_parser import SyslogParser
from collector.stanza.operators.texts import RegexReplace, SanitizeUtf8, Unquote
from collector.stanza.operators.time_parser import TimeParser
from collector.stanza.operators.trace_parser import ScopeNameParser, TraceParser
from collector.stanza.operators.uri_parser import UriParser

OPERATORS: Mapping[str, Make] = {
    "add": Add, "assign_keys": AssignKeys, "container": Container, "copy": Copy, "csv_parser": CsvParser, "filter": Filter,
    "flatten": Flatten, "json_array_parser": JsonArrayParser, "json_parser": JsonParser, "key_value_parser": KeyValueParser,
    "move": Move, "noop": Noop, "recombine": Recombine, "regex_parser": RegexParser, "regex_replace": RegexReplace, "remove": Remove,
    "retain": Retain, "router": Router, "sanitize_utf8": SanitizeUtf8, "scope_name_parser": ScopeNameParser,
    "severity_parser": SeverityParser, "syslog_parser": SyslogParser, "time_parser": TimeParser, "trace_parser": TraceParser,
    "unquote": Unquote, "uri_parser": UriParser,
}  # fmt: skip
REPLACED = {
    "metadata": "add, with a field of attributes or resource", "restructure": "add, move, remove, retain and flatten",
    "rate_limit": "service.domains.limits", "host_metadata": "the processor resource_detection", "k8s_metadata_decorator": "the processor k8s_attributes",
    "key_value": "key_value_parser", "stdout": "the exporter debug", "file_output": "the exporter file", "otlp_output": "the exporter otlp",
    "file_input": "the receiver file_log", "journald_input": "the receiver journald", "syslog_input": "the receiver syslog",
    "tcp_input": "the receiver tcp_log", "udp_input": "the receiver udp_log",
}  # fmt: skip
"""Types of earlier versions, and others of its maker → what does it now."""
