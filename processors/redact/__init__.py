"""redact: people, accounts, tokens and secrets in records are told by their form and name, and hidden."""

from collector.component import Factory, Kind
from processors.redact.config import RedactConfig

FACTORY = Factory(
    kind=Kind.PROCESSOR,
    name="redact",
    config=RedactConfig,
    behaviour="processors.redact.processor:Redact",
    summary="finds addresses, cards, accounts, ids, tokens and secrets by their form, and masks, hashes, encrypts or drops them",
    stability="alpha",
)
