"""Text messages, by Twilio."""

from collector.component import Factory, Kind
from exporters.sms.config import SmsConfig

FACTORY = Factory(
    kind=Kind.EXPORTER,
    name="sms",
    config=SmsConfig,
    behaviour="exporters.sms.exporter:SmsExporter",
    summary="wakes people by text message (Twilio), one segment each",
    stability="alpha",
)
