"""ServiceNow."""

from collector.component import Factory, Kind
from exporters.servicenow.config import ServicenowConfig

FACTORY = Factory(
    kind=Kind.EXPORTER,
    name="servicenow",
    config=ServicenowConfig,
    behaviour="exporters.servicenow.exporter:ServicenowExporter",
    summary="keeps an incident in ServiceNow for each group: finds, notes, reopens, else creates",
    stability="alpha",
)
