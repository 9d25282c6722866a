"""Google Cloud Logging."""

from collector.component import Factory, Kind
from exporters.googlecloud.config import GoogleCloudConfig

FACTORY = Factory(
    kind=Kind.EXPORTER,
    name="googlecloud",
    config=GoogleCloudConfig,
    behaviour="exporters.googlecloud.exporter:GoogleCloudExporter",
    summary="writes to Google Cloud Logging (extra `googlecloud`)",
    stability="beta",
    local_reason="it sends the credentials of this machine where its options say",
    differs=(
        "it speaks REST instead of gRPC",
        "a record without a log name gets one instead of being lost",
        "each entry has the record's id as `insertId`, so that one that is sent again is shown once",
        "of a `gcp.http_request` in which a number is none the rest is kept",
        "credentials that can't be had hold records back instead of ending the service",
    ),
)
