"""What is allowed, and seldom meant: sentences for `validate` and the log at start."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from collector.admission.nobody import Nobody
from collector.component import Config, GivesDomains, GoesBefore, Kind
from collector.delivery.config import DeliveryConfig
from collector.domains.resolver import DomainResolver, DomainRules
from collector.errors import PermissionDenied
from collector.settings import sharing
from collector.settings.hold_cautions import hold_cautions
from collector.settings.model import Settings
from collector.settings.service import DomainsConfig
from collector.transport.http_server_config import Cors
from collector.transport.tls import TlsClientConfig


def cautions(settings: Settings) -> Iterator[str]:
    """Everything of a right configuration that an operator should know of."""
    if settings.service.encryption is not None:
        for said in settings.service.encryption.master_key.lacking():
            yield f"service.encryption.{said}"
    yield from hold_cautions(settings)
    yield from sharing.cautions(settings)
    for kind in Kind:
        for ident, component in settings.components(kind).items():
            yield from _unverified(f"{kind}.{ident}", component.config)
            yield from _unreachable_header(f"{kind}.{ident}", component.config, settings.service.domains.header)
            yield from _in_the_clear(f"{kind}.{ident}", component.config)
    yield from _out_of_order(settings)
    if not any(
        isinstance(each.config, GivesDomains) and each.config.gives_domains() for each in settings.extensions.values()
    ):
        for ident, component in settings.receivers.items():
            yield from _of_another_domain(f"receivers.{ident}", component.config, settings.service.domains)


def _out_of_order(settings: Settings) -> Iterator[str]:
    """Processors that another one should stand in front of."""
    for pipeline in settings.pipelines.values():
        for place, ident in enumerate(pipeline.processors):
            config = settings.processors[ident].config
            behind = config.goes_before() if isinstance(config, GoesBefore) else {}
            for other in pipeline.processors[:place]:
                why = behind.get(settings.processors[other].factory.name)  # the types that its power names
                if why is not None:
                    yield f"pipeline {pipeline.id}: {other} stands in front of {ident}, and {why}: put {ident} first"


def blocks(value: Any, path: str) -> Iterator[tuple[str, BaseModel]]:
    """Every model within an option, with its dotted path."""
    if isinstance(value, BaseModel):
        yield path, value
        for name, field in type(value).model_fields.items():
            yield from blocks(getattr(value, name), f"{path}.{field.alias or name}")
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from blocks(item, f"{path}.{key}")
    elif isinstance(value, list | tuple):
        for position, item in enumerate(value):
            yield from blocks(item, f"{path}.{position}")


def _unverified(path: str, config: Config) -> Iterator[str]:
    for where, block in blocks(config, path):
        if isinstance(block, TlsClientConfig) and block.insecure_skip_verify:
            yield (
                f"{where}.insecure_skip_verify: nobody checks whom the records go to; "
                "name the server's authority in ca_file instead"
            )


def _unreachable_header(path: str, config: Config, header: str | None) -> Iterator[str]:
    """Browsers ask whether they may send a header; a refused one is the end of the request, without a trace here."""
    for where, block in blocks(config, path):
        if not isinstance(block, Cors):
            continue
        allowed = {name.lower() for name in block.allowed_headers}
        if header and block.allowed_origins and not allowed & {"*", header.lower()}:
            yield f"{where}: web pages may not send {header}, which names the domain: add it to allowed_headers"


def _in_the_clear(path: str, config: Config) -> Iterator[str]:
    destination = config.destination() if isinstance(config, DeliveryConfig) else ""
    if "in the clear" in destination:
        yield f"{path} sends to {destination}: whoever is on the way can read and change the records"


def _of_another_domain(path: str, config: Config, domains: DomainsConfig) -> Iterator[str]:
    """Whose records are by the receiver's option `domain`, where nobody who sends can say it otherwise."""
    if "domain" not in type(config).model_fields:
        return
    named = str(config.model_dump(include={"domain"})["domain"])
    rules = DomainRules(domains.names, domains.default)
    try:
        found = DomainResolver(rules).resolve(Nobody(named))
    except PermissionDenied:
        unknown = f"{named} is none of service.domains.names" if named else "it names none"
        yield f"{path}.domain: {unknown}, and there is no default: all of its records are refused"
        return
    if named and found == domains.default != named:
        yield f"{path}.domain: {named} is none of service.domains.names: its records go to the default, {found}"
