"""Objects in Amazon S3, as the Collector writes them."""

from collector.component import Factory, Kind
from exporters.awss3.config import AwsS3Config

FACTORY = Factory(
    kind=Kind.EXPORTER,
    name="awss3",
    config=AwsS3Config,
    behaviour="exporters.awss3.exporter:AwsS3Exporter",
    carrier="exporters.awss3.carrier:AwsS3Carrier",
    summary="writes OTLP, bodies or Sumo Logic's archive format to Amazon S3 and what speaks like it",
    stability="beta",
    differs=(
        "an object's name comes from its records: what is sent again is written over itself, not beside it",
        "the partition is of the time of receipt, not of the upload",
    ),
)
