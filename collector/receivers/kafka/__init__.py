"""Messages of Apache Kafka, and of what speaks its protocol."""

from collector.component import Factory, Kind
from collector.receivers.kafka.config import KafkaReceiverConfig

FACTORY = Factory(
    kind=Kind.RECEIVER,
    name="kafka",
    config=KafkaReceiverConfig,
    behaviour="collector.receivers.kafka.receiver:KafkaReceiver",
    summary="reads topics of Kafka, each message once: OTLP, bodies, text, JSON (extra `kafka`)",
    stability="beta",
    differs=(
        "how far partitions were read is kept in the journal with what was read, and told to the group afterwards: `autocommit.enable`, `message_marking` and `error_backoff` have nothing to do",
        "a message that can't be decoded is a dead letter, and reading goes on behind it",
        "partitions are shared by `cooperative-sticky` unless told otherwise: with Collectors in the group write their strategy",
        "raw, text and json records have the message's time as the time they were observed",
        "logs alone; no Kerberos, no encodings of extensions",
    ),
)
