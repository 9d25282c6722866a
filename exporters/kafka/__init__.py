"""Records in topics of Apache Kafka, and of what speaks its protocol."""

from collector.component import Factory, Kind
from exporters.kafka.config import KafkaExporterConfig

FACTORY = Factory(
    kind=Kind.EXPORTER,
    name="kafka",
    config=KafkaExporterConfig,
    behaviour="exporters.kafka.exporter:KafkaExporter",
    summary="writes records into topics of Kafka: OTLP, bodies, JSON, OCSF, ECS; idempotent (extra `kafka`)",
    stability="beta",
    differs=(
        "`required_acks` is all, the producer is idempotent, and `timeout` is 30 s, within which it repeats without doubling",
        "topics are not made unless `producer.allow_auto_topic_creation` says so",
        "the key of a message is the domain of its records, unless an option says otherwise",
        "logs alone; no Kerberos, no partitioner of an extension",
    ),
)
