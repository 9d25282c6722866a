"""Records as the content of an object, by each marshaler of the Collector's."""

from __future__ import annotations

import gzip

import numpy as np
import polars as pl

from collector.batch import LogBatch
from collector.documents import body_text, quoted
from collector.documents.bodies import structured_bodies
from collector.documents.facts import normalised
from collector.documents.framing import lines
from collector.documents.objects import attributes_json, resource_json
from collector.outcomes import Items
from exporters.awss3.config import AwsS3Config
from otlp_wire import encode, encode_json

SOURCES = {"sourceName": "_sourceName", "sourceHost": "_sourceHost", "sourceCategory": "_sourceCategory"}
"""Member of Sumo Logic's format → the attribute of the resource that holds it."""
_NO_SOURCE = "its resource has no _sourceCategory, _sourceHost or _sourceName"


def content_of(batch: LogBatch, config: AwsS3Config) -> bytes:
    """What an object holds, uncompressed."""
    match config.marshaler:
        case "otlp_json":
            return encode_json(normalised(batch))
        case "otlp_proto":
            return encode(normalised(batch))
        case "body":
            return lines(body_text(batch).fill_null(""))
        case _:
            return lines(_sumo(batch))


def compressed(content: bytes, config: AwsS3Config) -> bytes:
    """The same bytes each time."""
    return gzip.compress(content, mtime=0) if config.s3uploader.compression == "gzip" else content


def unfit(batch: LogBatch, config: AwsS3Config) -> tuple[Items, str]:
    """Positions of the records that the format can't hold, and why."""
    if config.marshaler != "sumo_ic":
        return np.empty(0, np.uint32), ""
    missing = pl.Series(np.zeros(len(batch), dtype=bool))
    for key in SOURCES.values():
        missing |= batch.resource_attribute_text(key).is_null()
    return np.flatnonzero(missing.to_numpy()).astype(np.uint32), _NO_SOURCE


def _sumo(batch: LogBatch) -> pl.Series:
    """`{"date": "…","sourceName":…,"sourceHost":…,"sourceCategory":…,"fields":{…},"message":{…,"log":…}}`."""
    sources = {member: quoted(batch.resource_attribute_text(key)) for member, key in SOURCES.items()}
    fields = resource_json(batch.without_resource_attributes(SOURCES.values()))
    return pl.select(
        pl.concat_str(
            pl.lit('{"date": "'), pl.lit(_dates(batch)), pl.lit('"'),
            *(part for member, text in sources.items() for part in (pl.lit(f',"{member}":'), pl.lit(text))),
            pl.lit(',"fields":'), pl.lit(fields), pl.lit(',"message":'), pl.lit(_messages(batch)), pl.lit("}"),
        ).alias("entry")
    ).to_series()  # fmt: skip


def _messages(batch: LogBatch) -> pl.Series:
    attributes = attributes_json(batch, ("log",)).str.strip_suffix("}")
    body = quoted(batch.column("body"))
    other = structured_bodies(batch)
    said = body.zip_with(body.is_not_null(), other).fill_null('""')
    comma = pl.when(pl.lit(attributes) == "{").then(pl.lit("")).otherwise(pl.lit(","))
    member = (pl.lit(attributes), comma, pl.lit('"log":'), pl.lit(said), pl.lit("}"))
    return pl.select(pl.concat_str(member).alias("message")).to_series()


def _dates(batch: LogBatch) -> pl.Series:
    """The observed time as Go writes it: `2026-11-30 14:00:00.5 +0000 UTC`."""
    time = batch.column("observed_time_unix_nano").cast(pl.Int64).cast(pl.Datetime("ns"))
    fraction = time.dt.strftime("%.9f").str.strip_chars_end("0").str.strip_suffix(".")
    return pl.select(
        pl.concat_str(pl.lit(time.dt.strftime("%Y-%m-%d %H:%M:%S")), pl.lit(fraction), pl.lit(" +0000 UTC"))
    ).to_series()
