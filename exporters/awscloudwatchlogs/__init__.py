"""Amazon CloudWatch Logs."""

from collector.component import Factory, Kind
from exporters.awscloudwatchlogs.config import AwsCloudWatchLogsConfig

FACTORY = Factory(
    kind=Kind.EXPORTER,
    name="awscloudwatchlogs",
    config=AwsCloudWatchLogsConfig,
    behaviour="exporters.awscloudwatchlogs.exporter:AwsCloudWatchLogsExporter",
    summary="writes to Amazon CloudWatch Logs",
    stability="beta",
    differs=(
        "events that CloudWatch rejects as too old, too new or expired are dead letters instead of being lost",
        "an event that is too large is a dead letter, not cut",
        "throttling is waited for instead of losing the request",
    ),
)
