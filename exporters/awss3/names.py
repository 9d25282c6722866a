"""What objects are called: `<base prefix>/<prefix>/<partition>/<file prefix>logs_<unique>.json.gz`, as by the Collector.

The unique part comes from the records' ids and the partition from their time of receipt, so the same records have the same name: what is sent
again after an answer that got lost, or after a death, is written over itself.
"""

from __future__ import annotations

from datetime import datetime
from hashlib import blake2b
from uuid import UUID

from collector.base32 import received_ms
from collector.batch import LogBatch
from collector.documents.facts import happened
from exporters.awss3.config import FORMATS, AwsS3Config

_CHARACTERS = 9
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_DIGITS = _LETTERS + "0123456789"
_VERSION, _VARIANT = 0x7 << 76, 0b10 << 62


def name_of(batch: LogBatch, config: AwsS3Config, signal: str, prefix: str | None = None) -> str:
    """The key of the object that holds these records."""
    uploader = config.s3uploader
    ids = batch.column("record_id").fill_null("")
    digest = int.from_bytes(blake2b("\n".join(ids).encode(), digest_size=16).digest(), "big")
    unix_ms = _received(batch, str(ids.min() or ""))
    partition = datetime.fromtimestamp(unix_ms / 1000, uploader.zone).strftime(uploader.s3_partition_format)
    unique = _uuid(digest, unix_ms) if uploader.unique_key_func_name == "uuidv7" else _short(digest)
    zipped = ".gz" if uploader.compression == "gzip" else ""
    file = f"{uploader.file_prefix}{signal}_{unique}.{FORMATS[config.marshaler]}{zipped}"
    parts = (uploader.s3_base_prefix, uploader.s3_prefix if prefix is None else prefix, partition, file)
    return "/".join(part for part in parts if part)


def _received(batch: LogBatch, first_id: str) -> int:
    known = received_ms(first_id)
    return known or int(happened(batch).min() or 0) // 1_000_000  # type: ignore[arg-type]


def _short(digest: int) -> str:
    text = _LETTERS[digest % len(_LETTERS)]
    for _ in range(_CHARACTERS - 1):
        digest //= len(_DIGITS)
        text += _DIGITS[digest % len(_DIGITS)]
    return text


def _uuid(digest: int, unix_ms: int) -> str:
    bits = digest & ((1 << 76) - 1) & ~(0b11 << 62) & ((1 << 128) - 1)
    return str(UUID(int=(unix_ms & ((1 << 48) - 1)) << 80 | _VERSION | _VARIANT | bits))
