"""Accepted so that configurations with `ack.extension: ack` run; what was acknowledged is on disk, so no number has to be remembered."""

from collector.component import Factory, Kind
from collector.extensions.ack.config import AckConfig

FACTORY = Factory(
    kind=Kind.EXTENSION,
    name="ack",
    config=AckConfig,
    behaviour="",
    summary="lets senders of splunk_hec ask for their requests by number",
    differs=("numbers are not remembered: each that was given stands for a request on disk",),
)
