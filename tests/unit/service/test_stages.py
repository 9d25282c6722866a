"""What a worker steps, of a configuration: where payloads stay whole, who hears what the service knows, how exporters stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from collector.batch import LogBatch
from collector.component import Config, Context, Factory, Kind, Standing, Work
from collector.delivery.account import ExporterStatistics
from collector.registry import Registry
from collector.reserved import PIPELINE
from collector.service.plan import ledger_plan, quota_of
from collector.service.stages import Stages
from collector.settings import Settings, load
from collector.testing.memory_ledger import MemoryLedger

WELL = ExporterStatistics("ok", "", 0, 0, 0, 0, 0, 0, 0, 0, 0, 1)


class BellConfig(Config):
    """It has no options."""


class Bell:
    """Rings for what the service knows."""

    takes_events = ("logboom.service.*",)

    def __init__(self, config: BellConfig, context: Context) -> None: ...

    def connect(self, batch: LogBatch, work: Work) -> Mapping[str, LogBatch]:
        return {}


BELL = Factory(Kind.CONNECTOR, "bell", BellConfig, f"{__name__}:Bell", "rings", passes_records=False)
BASE: dict[str, Any] = {
    "receivers": "{otlp: {protocols: {grpc: }}}",
    "processors": "{triage: }",
    "connectors": "{forward: , forward/b: , routing: {table: [{condition: 'true', pipelines: [logs/b]}]}, bell: , count: }",
    "exporters": "{nop: , nop/b: , nop/c: , sqlite: }",
}


def settings_of(**pipelines: str) -> Settings:
    """`logs`, and `logs/<name>` for the others."""
    named = {("logs" if name == "logs" else f"logs/{name}"): text for name, text in pipelines.items()}
    sections = "".join(f"{key}: {text}\n" for key, text in BASE.items())
    pipelines_text = "".join(f"    {name}: {text}\n" for name, text in named.items())
    registry = Registry(extra=[BELL])
    return load([f"yaml:{sections}service:\n  pipelines:\n{pipelines_text}"], registry=registry, environ={})


def stages_of(settings: Settings, **delivery: ExporterStatistics) -> Stages:
    return Stages(settings, Path(), {}, lambda: {name.replace("_", "/"): each for name, each in delivery.items()})


@pytest.mark.parametrize(
    ("pipelines", "untouched"),
    [
        ({"logs": "{receivers: [otlp], exporters: [nop]}"}, ["logs"]),
        (
            {"logs": "{receivers: [otlp], exporters: [forward]}", "b": "{receivers: [forward], exporters: [nop, forward/b]}",
             "c": "{receivers: [forward/b], exporters: [nop/b]}"},
            ["logs", "logs/b", "logs/c"],
        ),
        (
            {"logs": "{receivers: [otlp], exporters: [forward]}", "b": "{receivers: [forward], processors: [triage], exporters: [nop]}",
             "c": "{receivers: [otlp], exporters: [nop/b]}"},
            ["logs/c"],
        ),
        ({"logs": "{receivers: [otlp], exporters: [forward]}", "b": "{receivers: [forward], exporters: [sqlite]}"}, []),
        ({"logs": "{receivers: [otlp], exporters: [routing]}", "b": "{receivers: [routing], exporters: [nop]}"}, ["logs/b"]),
    ],
)  # fmt: skip
def test_payloads_stay_whole_where_nobody_looks_at_records(pipelines: dict[str, str], untouched: list[str]) -> None:
    settings = settings_of(**pipelines)
    components = settings.exporters.items()
    exporters = {name: each.factory.create(each.config, Context(name, Path())) for name, each in components}
    assert stages_of(settings).untouched(exporters) == untouched


def test_records_are_kept_as_they_were_sent_where_somebody_may_send_them_on() -> None:
    """nop takes payloads, sqlite does not; what feeds a pipeline with such an exporter counts, too."""
    settings = settings_of(
        logs="{receivers: [otlp], processors: [triage], exporters: [forward, sqlite]}",
        b="{receivers: [forward], processors: [triage], exporters: [nop]}",
        c="{receivers: [otlp], processors: [triage], exporters: [sqlite]}",
    )
    components = settings.exporters.items()
    exporters = {name: each.factory.create(each.config, Context(name, Path())) for name, each in components}
    assert stages_of(settings).sending_on(exporters) == {"logs", "logs/b"}


RINGING = {
    "logs": "{receivers: [otlp], exporters: [bell, forward, sqlite]}",
    "b": "{receivers: [bell], exporters: [nop]}",
    "c": "{receivers: [forward], exporters: [nop/c, nop/b]}",
}


def test_what_the_service_knows_is_offered_to_connectors_that_take_events_and_hand_nothing_on() -> None:
    settings = settings_of(**RINGING)
    stages = stages_of(settings)
    assert stages.listening() == {"bell": ["logs/b"]}
    network = stages.network(MemoryLedger([]), stages.listening())
    assert network.feeds[PIPELINE] == {"bell": ["logs/b"]}
    assert network.from_(PIPELINE) == [PIPELINE, "logs/b"]
    assert network.ticks_behind("bell") == "logs"
    plan = ledger_plan(settings, feeds=stages.listening())
    assert [each.id for each in plan.reached(PIPELINE)] == [PIPELINE, "logs/b"]


def test_exporters_of_what_connectors_make_stand_apart() -> None:
    settings = settings_of(**RINGING)
    own = quota_of(settings, "nop")
    assert (own.on_full, own.max_bytes, own.apart) == ("drop_oldest", 4 << 20, True)
    assert [quota_of(settings, name).on_full for name in ("sqlite", "nop/b", "nop/c")] == ["spill"] * 3


def test_who_wrote_block_is_waited_for() -> None:
    """Also for what connectors make."""
    settings = settings_of(**RINGING)
    component = settings.exporters["nop"]
    queue = component.config.sending_queue.model_copy(update={"on_full": "block"})
    blocking = replace(component, config=component.config.model_copy(update={"sending_queue": queue}))
    quota = quota_of(replace(settings, exporters={**settings.exporters, "nop": blocking}), "nop")
    assert (quota.on_full, quota.apart) == ("block", False)


@pytest.mark.parametrize(
    ("delivery", "standing"),
    [
        ({}, Standing.WELL),
        ({"nop_b": WELL, "nop_c": replace(WELL, state="retrying")}, Standing.REPEATING),
        ({"nop_b": replace(WELL, state="blocked"), "nop_c": replace(WELL, state="retrying")}, Standing.BLOCKED),
        ({"sqlite": replace(WELL, state="blocked")}, Standing.WELL),
    ],
)
def test_a_pipeline_stands_as_the_worst_of_its_exporters(
    delivery: dict[str, ExporterStatistics], standing: Standing
) -> None:
    told: list[Standing] = []

    class Asks(Bell):
        def __init__(self, config: BellConfig, context: Context) -> None:
            super().__init__(config, context)
            told.append(context.standing("logs/c"))

    factory = replace(BELL, behaviour=f"{__name__}:Asking")
    globals()["Asking"] = Asks
    settings = settings_of(**RINGING)
    bell = replace(settings.connectors["bell"], factory=factory)
    settings = replace(settings, connectors={**settings.connectors, "bell": bell})
    ledger = MemoryLedger([], pipeline="logs", fed={"logs/c": ["nop/b", "nop/c"]})
    stages_of(settings, **delivery).network(ledger, {})
    assert max(told) is standing
