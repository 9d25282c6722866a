"""resource_detection: where this machine stands (host, container, cloud) becomes attributes of each record's resource."""

from collector.component import Factory, Kind
from processors.resource_detection.config import ResourceDetectionConfig

FACTORY = Factory(
    kind=Kind.PROCESSOR,
    name="resource_detection",
    config=ResourceDetectionConfig,
    behaviour="processors.resource_detection.processor:ResourceDetection",
    summary="sets resource attributes of the host, container or cloud that this runs on",
    differs=(
        "what can't be detected is told and stops nothing, also with fail_on_missing_metadata",
        "attributes that are lists (aws.log.group.names …) are not set",
    ),
)
