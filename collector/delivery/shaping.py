"""`attributes` and `redact` as one function from batch to batch, for an exporter's threads."""

from __future__ import annotations

from collections.abc import Callable

from collector.batch import LogBatch
from collector.delivery.config import DeliveryConfig

Shape = Callable[[LogBatch], LogBatch]


def shape_of(config: DeliveryConfig) -> Shape | None:
    """What is done to each batch before `encode`; None = nothing. The number of records and their order stay."""
    steps: list[Shape] = []
    if not config.attributes.everything:
        from collector.shaping.attribute_filter import AttributeFilter

        steps.append(AttributeFilter(config.attributes).apply)
    if not config.redact.nothing:
        from collector.shaping.redaction import Redaction

        steps.append(Redaction(config.redact).apply)
    if len(steps) < 2:
        return steps[0] if steps else None
    first, second = steps
    return lambda batch: second(first(batch))
