"""The options of the connector `alerting` that a configuration has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from collector.cli.endings import misused, wrong_configuration

if TYPE_CHECKING:
    from collector.connectors.alerting.config import AlertingConfig


def alerting_of(config: list[str] | None, set_: list[str] | None, wanted: str) -> AlertingConfig:
    """Of the connector with the id `wanted`, or of the only one; ends the command where there is none."""
    from collector.cli.defaults import chosen
    from collector.component import Kind
    from collector.errors import ConfigError
    from collector.settings import load

    try:
        loaded = load(chosen(config), set_ or [])
    except ConfigError as error:
        wrong_configuration(error)
    found = dict(_of_type(loaded.components(Kind.CONNECTOR)))
    if wanted and wanted not in found:
        misused(f"there is no connector {wanted!r} of the type alerting")
    if len(found) != 1 and not wanted:
        misused(
            f"there are {len(found)} connectors of the type alerting: name one with --connector"
            if found
            else "no connector alerting in this configuration"
        )
    return found[wanted] if wanted else next(iter(found.values()))


def _of_type(components: Mapping[str, Any]) -> Iterator[tuple[str, AlertingConfig]]:
    from collector.connectors.alerting.config import AlertingConfig

    for id_, component in components.items():
        if isinstance(component.config, AlertingConfig):
            yield id_, component.config
