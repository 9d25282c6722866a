"""categorize: environment, source type, error type, component, endpoint and a missing severity of each record."""

from collector.component import Factory, Kind
from processors.categorize.config import CategorizeConfig

FACTORY = Factory(
    kind=Kind.PROCESSOR,
    name="categorize",
    config=CategorizeConfig,
    behaviour="processors.categorize.processor:Categorize",
    summary="Sorts records: environment, source type, error type, component, endpoint, severity.",
)
