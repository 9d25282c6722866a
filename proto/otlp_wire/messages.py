"""The official OTLP classes, under the names the rest of this package uses.

They are the oracle: what upb (their C parser) accepts is valid, and what it reads is what was meant.
"""

from __future__ import annotations

from typing import Any

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2
from opentelemetry.proto.common.v1 import common_pb2
from opentelemetry.proto.logs.v1 import logs_pb2
from opentelemetry.proto.resource.v1 import resource_pb2

ExportLogsServiceRequest: Any = logs_service_pb2.ExportLogsServiceRequest
AnyValue: Any = common_pb2.AnyValue
LogRecord: Any = logs_pb2.LogRecord
Resource: Any = resource_pb2.Resource

FILES = (common_pb2, resource_pb2, logs_pb2, logs_service_pb2)
"""The generated modules, each after those it imports."""

MAX_DEPTH = 100
"""How deep upb follows messages in messages. A map costs three levels (AnyValue, KeyValueList, KeyValue), an array
two, and the body or an attribute starts at level four or five."""

__all__ = ["FILES", "MAX_DEPTH", "AnyValue", "DecodeError", "ExportLogsServiceRequest", "LogRecord", "Resource"]
