"""The log group and stream of each record."""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from collector.batch import LogBatch
from collector.documents.bodies import body_text
from collector.documents.facts import happened
from exporters.awscloudwatchlogs.config import AwsCloudWatchLogsConfig
from exporters.awscloudwatchlogs.names import ATTRIBUTES, placeholders

_UNDEFINED = "undefined"
_DAY_NANOS = 86_400 * 10**9
_EMF = '"_aws"|"log_group_name"'
_GROUPS = ("$._aws.LogGroupName", "$._aws.logGroupName", "$.log_group_name")
_STREAMS = ("$._aws.LogStreamName", "$._aws.logStreamName", "$.log_stream_name")


class Streams(NamedTuple):
    """One name each for every record."""

    group: pl.Series
    stream: pl.Series


def streams(batch: LogBatch, config: AwsCloudWatchLogsConfig) -> Streams:
    """By the options, and with `raw_log` by bodies in the embedded metric format."""
    group, stream = _name(batch, config, config.log_group_name), _name(batch, config, config.log_stream_name)
    told = config.raw_log and config.routing_attributes == "all"
    return _of_metrics(batch, group, stream) if told else Streams(group, stream)


def keys(batch: LogBatch, config: AwsCloudWatchLogsConfig) -> pl.Series:
    """What a call holds one of: a stream, and a day, for its events may not lie further apart."""
    group, stream = streams(batch, config)
    day = happened(batch) // _DAY_NANOS
    return pl.select(pl.concat_str(pl.lit(group), pl.lit(stream), pl.lit(day), separator="\0").alias("key")).to_series()


def _name(batch: LogBatch, config: AwsCloudWatchLogsConfig, name: str) -> pl.Series:
    found = pl.Series([name], dtype=pl.String).new_from_index(0, len(batch))
    routing = batch.for_routing(config.routing_attributes)
    for placeholder in dict.fromkeys(placeholders(name)):
        own, usual = (routing.resource_attribute_text(key) for key in (placeholder, ATTRIBUTES[placeholder]))
        value = own.zip_with(own.is_not_null(), usual)
        value = value.set(value == "", None).fill_null(_UNDEFINED)
        found = pl.select(pl.lit(found).str.replace_all(f"{{{placeholder}}}", pl.lit(value), literal=True)).to_series()
    return found


def _of_metrics(batch: LogBatch, group: pl.Series, stream: pl.Series) -> Streams:
    """A body that names a group is sent there, and to its stream if it names one, too."""
    text = body_text(batch)
    at = text.str.contains(_EMF).fill_null(False).arg_true()
    if not len(at):
        return Streams(group, stream)
    told = text.gather(at)
    named = [_first(told, paths) for paths in (_GROUPS, _STREAMS)]
    named[1] = named[1].set(named[0].is_null(), None)
    replaced = [
        whole.scatter(at, own.zip_with(own.is_not_null(), whole.gather(at)))
        for own, whole in zip(named, (group, stream), strict=True)
    ]
    return Streams(*replaced)


def _first(text: pl.Series, paths: tuple[str, ...]) -> pl.Series:
    found = [text.str.json_path_match(path) for path in paths]
    return pl.select(pl.coalesce([each.set(each == "", None) for each in found])).to_series()
