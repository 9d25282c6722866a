"""The converters between protobuf and Arrow: ptars on descriptors of our own.

Ours read and write the same bytes as OTLP's, with three fields declared otherwise:

    AnyValue.array_value, kvlist_value    bytes instead of messages: nested values stay serialised, verbatim, both ways
                                          (ptars would silently empty what recurses)
    Resource.entity_refs                  bytes likewise

For reading, these are also `repeated`: a payload may hold a message field in pieces that a parser must merge; two
items in the list show it, and that payload then goes through the official parser first.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import ptars
import pyarrow as pa
from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool

from otlp_wire.messages import FILES, ExportLogsServiceRequest, LogRecord

OPAQUE = {("AnyValue", "array_value"), ("AnyValue", "kvlist_value"), ("Resource", "entity_refs")}
RECORDS = ("ScopeLogs", "log_records")


@cache
def reader() -> Any:
    """`reader().list_to_record_batch(payloads)`: one row a payload, strings with 32-bit offsets."""
    return _handler(ptars.PtarsConfig(), repeated=True)


@cache
def writer() -> Any:
    """Arrow → payload, through `record_batch_to_array`, with records as bytes. It reads large arrays without a cast."""
    config = ptars.PtarsConfig(use_large_string=True, use_large_binary=True)
    return _handler(config, repeated=False, change=_make_records_bytes)


@cache
def message_reader() -> Any:
    """Like `reader`, with records as bytes: ResourceLogs and ScopeLogs hold nothing else."""
    return _handler(ptars.PtarsConfig(), repeated=False, change=_keep_records_alone)


@cache
def record_writer() -> Any:
    """Like `writer`, of records alone: a LogRecord a row. For what `record_columns` does not write."""
    config = ptars.PtarsConfig(use_large_string=True, use_large_binary=True)
    return _handler(config, repeated=False, name=LogRecord.DESCRIPTOR.full_name)


@cache
def request_type() -> pa.StructType:
    """What `writer` takes: the Arrow type of an ExportLogsServiceRequest."""
    return pa.struct(list(writer().schema()))


@cache
def record_type() -> pa.StructType:
    """What `record_writer` takes."""
    return pa.struct(list(record_writer().schema()))


def _handler(
    config: ptars.PtarsConfig,
    *,
    repeated: bool,
    change: Callable[[DescriptorProto], None] | None = None,
    name: str = ExportLogsServiceRequest.DESCRIPTOR.full_name,
) -> Any:
    pool = DescriptorPool()
    for module in FILES:
        file = FileDescriptorProto()
        module.DESCRIPTOR.CopyToProto(file)
        for message in file.message_type:
            _make_opaque(message, repeated=repeated)
            if change is not None:
                change(message)
        pool.Add(file)
    found = pool.FindMessageTypeByName(name)
    return ptars.HandlerPool([found.file], config).get_for_message(found)


def _make_records_bytes(message: DescriptorProto) -> None:
    for field in message.field:
        if (message.name, field.name) == RECORDS:
            field.type = FieldDescriptorProto.TYPE_BYTES
            field.ClearField("type_name")


def _keep_records_alone(message: DescriptorProto) -> None:
    _make_records_bytes(message)
    for parent, name in (("ResourceLogs", "scope_logs"), RECORDS):
        if message.name == parent:
            kept = [field for field in message.field if field.name == name]
            del message.field[:]
            message.field.extend(kept)


def _make_opaque(message: DescriptorProto, *, repeated: bool) -> None:
    for field in message.field:
        if (message.name, field.name) not in OPAQUE:
            continue
        field.type = FieldDescriptorProto.TYPE_BYTES
        field.ClearField("type_name")
        if repeated:
            field.ClearField("oneof_index")
            field.label = FieldDescriptorProto.LABEL_REPEATED
