"""Splunk's HTTP Event Collector: events and raw lines of whoever speaks to Splunk."""

from collector.component import Factory, Kind
from collector.receivers.splunk_hec.config import SplunkHecReceiverConfig

FACTORY = Factory(
    kind=Kind.RECEIVER,
    name="splunk_hec",
    config=SplunkHecReceiverConfig,
    behaviour="collector.receivers.splunk_hec.receiver:SplunkHecReceiver",
    summary="Receives events and raw lines over Splunk's HTTP Event Collector protocol.",
    differs=(
        "a request is answered when it is on disk, and every ackId that was given is true",
        "whole numbers stay whole; blank raw lines are no records",
        "metric events are refused by name",
    ),
)
