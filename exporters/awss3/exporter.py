"""Batches to S3: an object for each request, under a name that the same records always have."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import quote

import numpy as np
import polars as pl

from collector.batch import LogBatch
from collector.component import Context
from collector.outcomes import Items, Ok, Reject, Retry, Verdicts
from collector.transport.aws.signer import Signer
from collector.transport.http_client import HttpAnswer, HttpClient
from exporters.awss3.answers import put_verdict
from exporters.awss3.config import BUCKET, AwsS3Config
from exporters.awss3.marshaling import compressed, content_of, unfit
from exporters.awss3.names import name_of

_TYPES = {
    "otlp_json": "application/json",
    "otlp_proto": "application/x-protobuf",
    "body": "text/plain",
    "sumo_ic": "application/json",
}
_NONE: Items = np.empty(0, np.uint32)
_BETWEEN = "\x1f"
_UPWARDS = r"(?:^|/)\.{1,2}(?:/|$)|[\x00-\x1f\x7f]"
"""Segments that lead out of the base prefix, or of the bucket: who sends may say a prefix, and no more."""
_LONGEST_PREFIX = 512
"""Bytes; an object's name has 1024 at most."""


@dataclass(frozen=True, slots=True)
class Upload:
    """An object; empty `content`: there is none to write. `unfit`: positions of the records that it lacks, and why."""

    bucket: str
    name: str
    content: bytes
    unfit: Items = field(default_factory=lambda: _NONE)
    why: str = ""
    fit: Items = field(default_factory=lambda: _NONE)


class Uploaded(NamedTuple):
    """What a PUT came to; None: nothing was to be written."""

    answer: HttpAnswer | None
    upload: Upload


class AwsS3Exporter:
    """Translates between batches and objects. One that is sent again is written over itself."""

    signal = "logs"

    def __init__(self, config: AwsS3Config, context: Context) -> None:
        del context
        self._config = config
        self._client = HttpClient(config.client, authenticator=Signer(config.s3uploader.region, "s3", config.role))

    async def start(self) -> None:
        """Make the connection pool; nothing is connected yet."""
        await self._client.start()

    def one_request_per(self, batch: LogBatch) -> pl.Series:
        """Bucket and prefix."""
        bucket, prefix = self._places(batch)
        return pl.select(pl.concat_str(pl.lit(bucket), pl.lit(prefix), separator=_BETWEEN).alias("place")).to_series()

    def encode(self, batch: LogBatch) -> Upload:
        """The batch, which is of one bucket and prefix, as one object."""
        bucket, prefix = (str(column[0]) for column in self._places(batch.slice(0, 1)))
        bad, why = unfit(batch, self._config)
        good = batch.filter(~pl.Series(np.isin(np.arange(len(batch)), bad))) if len(bad) else batch
        name = name_of(good if len(good) else batch, self._config, self.signal, prefix)
        content = compressed(content_of(good, self._config), self._config) if len(good) else b""
        return Upload(bucket, name, content, bad, why, np.setdiff1d(np.arange(len(batch), dtype=np.uint32), bad))

    async def send(self, request: Upload) -> Uploaded:
        """One PUT."""
        if not request.content:
            return Uploaded(None, request)
        url = f"{self._config.s3uploader.address(request.bucket)}/{quote(request.name, safe='/-_.~')}"
        return Uploaded(
            await self._client.request("PUT", url, request.content, self._headers(request), plain=True), request
        )

    def classify(self, answer: Uploaded | Exception) -> Verdicts:
        """By what S3 says."""
        if isinstance(answer, Exception):
            return [put_verdict(answer)]
        upload = answer.upload
        bad = [Reject(upload.why, upload.unfit)] if len(upload.unfit) else []
        if answer.answer is None:
            return bad
        verdict = put_verdict(answer.answer)
        if not bad:
            return [verdict]
        if isinstance(verdict, Retry):
            return [*bad, Retry(verdict.reason, upload.fit, after_secs=verdict.after_secs, throttled=verdict.throttled)]
        return bad if isinstance(verdict, Ok) else [verdict]

    async def shutdown(self) -> None:
        """Close the connections."""
        await self._client.close()

    def _headers(self, request: Upload) -> dict[str, str]:
        uploader = self._config.s3uploader
        headers = {
            "Content-Type": _TYPES[self._config.marshaler],
            "x-amz-content-sha256": hashlib.sha256(request.content).hexdigest(),
        }
        if uploader.compression == "gzip":
            headers["Content-Encoding"] = "gzip"
        if uploader.storage_class != "STANDARD":
            headers["x-amz-storage-class"] = uploader.storage_class
        if uploader.acl:
            headers["x-amz-acl"] = uploader.acl
        return headers

    def _places(self, batch: LogBatch) -> tuple[pl.Series, pl.Series]:
        """Bucket and prefix of each record."""
        told, uploader = self._config.resource_attrs_to_s3, self._config.s3uploader
        routing = batch.for_routing(self._config.routing_attributes)
        found = [
            routing.resource_attribute(key) if key else pl.repeat(None, len(batch), dtype=pl.String, eager=True)
            for key in (told.s3_bucket, told.s3_prefix)
        ]
        bucket = found[0].set(~found[0].str.contains(f"^{BUCKET.pattern}$").fill_null(False), None)
        fits = (found[1].str.len_bytes() <= _LONGEST_PREFIX) & ~found[1].str.contains(_UPWARDS) & (found[1] != "")
        prefix = found[1].set(~fits.fill_null(False), None).str.strip_chars("/")
        return bucket.fill_null(uploader.s3_bucket), prefix.fill_null(uploader.s3_prefix)
