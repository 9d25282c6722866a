"""Rollbacks of Cloudflare Workers."""

from collector.component import Factory, Kind
from exporters.cloudflare_rollback.config import CloudflareRollbackConfig

FACTORY = Factory(
    kind=Kind.EXPORTER,
    name="cloudflare_rollback",
    config=CloudflareRollbackConfig,
    behaviour="exporters.cloudflare_rollback.exporter:CloudflareRollbackExporter",
    summary="gives a Cloudflare Worker its last version back when `alerting` starts that response",
    stability="alpha",
)
