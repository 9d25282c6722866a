"""Tags of items: the columns of Application Insights that are the same in all its tables.

ai.operation.id          trace id                    operation_Id
ai.operation.parentId    span id                     operation_ParentId
ai.cloud.role            service.namespace.name      cloud_RoleName
ai.cloud.roleInstance    `tag_mappings`              cloud_RoleInstance
ai.application.ver       `tag_mappings`              application_Version
ai.internal.sdkVersion   logboom:0.1.0               sdkVersion
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from collector.batch import LogBatch
from collector.columns.tables import aligned_text
from collector.documents import quoted
from collector.release import release
from exporters.azure_monitor.config import TagMappings

_LONGEST: Mapping[str, int] = {
    "ai.operation.id": 128, "ai.operation.parentId": 128, "ai.cloud.role": 256, "ai.cloud.roleInstance": 256, "ai.application.ver": 1024,
}  # fmt: skip
"""In characters; longer ones are cut."""


def tags(batch: LogBatch, mappings: TagMappings) -> pl.Series:
    """The tags of each record as a JSON object."""
    pieces = [
        *(
            _member(f"ai.operation.{name}", _hex(batch, field))
            for name, field in (("id", "trace_id"), ("parentId", "span_id"))
        ),
        pl.lit(_of_resources(batch, mappings).gather(batch.column("resource"))),
        pl.lit(f',"ai.internal.sdkVersion":"logboom:{release()}"'),
    ]
    inner = pl.concat_str(pieces).str.strip_prefix(",")
    return batch.records.select(pl.concat_str(pl.lit("{"), inner, pl.lit("}")).alias("tags")).to_series()


def _of_resources(batch: LogBatch, mappings: TagMappings) -> pl.Series:
    """Once for each resource."""
    height = batch.resources.height
    if not height:
        return pl.Series("tags", [], dtype=pl.String)

    def text(key: str) -> pl.Series:
        found = aligned_text(batch.resource_attributes, key, height)
        return found.set(found == "", None)

    role = pl.concat_str(
        pl.concat_str(pl.lit(text("service.namespace")), pl.lit(".")).fill_null(""), pl.lit(text("service.name"))
    )
    found = {
        "ai.cloud.role": pl.select(role.alias("role")).to_series(),
        "ai.cloud.roleInstance": _mapped(
            mappings.cloud_role_instance, [text(key) for key in mappings.cloud_role_instance]
        ),
        "ai.application.ver": _mapped(
            mappings.application_version, [text(key) for key in mappings.application_version]
        ),
    }
    return pl.select(pl.concat_str(_member(name, said) for name, said in found.items()).alias("tags")).to_series()


def _mapped(sources: Sequence[str], texts: Sequence[pl.Series]) -> pl.Series:
    """The first source that says something; one without a dot is what it says."""
    said = [pl.lit(text) if "." in source else pl.lit(source) for source, text in zip(sources, texts, strict=True)]
    return texts[0].to_frame("text").select(pl.coalesce(said).alias("text")).to_series()


def _member(name: str, text: pl.Series) -> pl.Expr:
    return pl.concat_str(pl.lit(f',"{name}":'), pl.lit(quoted(text.str.head(_LONGEST[name])))).fill_null("")


def _hex(batch: LogBatch, name: str) -> pl.Series:
    text = batch.column(name).bin.encode("hex")
    return text.set(text == "", None)
