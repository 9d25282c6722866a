"""redaction: attributes that are not named go, and what must not be read is masked."""

from collector.component import Factory, Kind
from processors.redaction.config import RedactionConfig

FACTORY = Factory(
    kind=Kind.PROCESSOR,
    name="redaction",
    config=RedactionConfig,
    behaviour="processors.redaction.processor:Redaction",
    summary="removes attributes that are not allowed, and masks values that are blocked",
    stability="beta",
    differs=(
        "url_sanitizer tells words by their letters, not by a model of the language",
        "db_sanitizer hides literals by its own reading of a statement",
    ),
)
