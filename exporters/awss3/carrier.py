"""Requests of other signals as objects: those that are sent together are one message."""

from __future__ import annotations

from collector.batch import LogBatch
from collector.component import Context
from exporters.awss3.config import AwsS3Config
from exporters.awss3.exporter import AwsS3Exporter, Upload
from exporters.awss3.marshaling import compressed
from exporters.awss3.names import name_of
from otlp_wire.signals import as_json, joined


class AwsS3Carrier(AwsS3Exporter):
    """What one signal is written with. Nobody looks into what is carried, so nothing of it says where it goes."""

    def __init__(self, config: AwsS3Config, context: Context) -> None:
        super().__init__(config, context)
        (self.signal,) = context.signals

    def encode(self, batch: LogBatch) -> Upload:
        """All requests of the batch as one object."""
        request = joined(batch)
        content = as_json(self.signal, request) if self._config.marshaler == "otlp_json" else request
        name = name_of(batch, self._config, self.signal)
        return Upload(self._config.s3uploader.s3_bucket, name, compressed(content, self._config))
