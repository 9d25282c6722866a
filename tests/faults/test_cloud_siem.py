"""Bad days between delivery and the SIEM systems of the clouds: over ten thousand records, none missing, doubled only
where an answer was lost, for none of them knows a key."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import pytest

from collector.component import Factory
from counterparts import azure, datadog
from counterparts.application_insights import KEY, ApplicationInsights
from counterparts.azure import Azure
from counterparts.bad_days import CLEAN_DAYS, DAYS, PATIENT, QUICK, Load, mixture
from counterparts.datadog import Intake
from counterparts.fault_proxy import Fault, proxied
from counterparts.google import Google
from counterparts.google_logging import CloudLogging
from counterparts.on_thread import on_thread
from exporters.azure_monitor import FACTORY as AZURE_MONITOR
from exporters.chronicle import FACTORY as CHRONICLE
from exporters.datadog import FACTORY as DATADOG
from exporters.googlecloud import FACTORY as GOOGLECLOUD
from exporters.sentinel import FACTORY as SENTINEL
from exporters.sentinel.schema import TABLE


class Destination(NamedTuple):
    """How an exporter is made to talk to a service, and which records that took."""

    factory: Factory[Any]
    service: Callable[[], Any]
    options: Callable[[Any, str], dict[str, Any]]
    ids: Callable[[Any], Iterator[str]]


def sentinel(service: Azure, url: str) -> dict[str, Any]:
    return {
        "endpoint": url, "authority": service.url, "dcr_id": azure.RULE, "stream": azure.STREAM,
        "tenant_id": azure.TENANT, "client_id": azure.CLIENT, "client_secret": azure.SECRET,
    }  # fmt: skip


def chronicle(service: Google, url: str) -> dict[str, Any]:
    where = {"project": "shop", "location": "eu", "instance": "i-1", "log_type": "LOGBOOM"}
    return {**where, "endpoint": url, "credentials": service.key}


def googlecloud(_: CloudLogging, url: str) -> dict[str, Any]:
    return {"project": "p", "log": {"endpoint": url, "use_insecure": True}}


def azure_monitor(_: ApplicationInsights, url: str) -> dict[str, Any]:
    return {"connection_string": f"InstrumentationKey={KEY};IngestionEndpoint={url}"}


DESTINATIONS = {
    "azure_monitor": Destination(
        AZURE_MONITOR,
        ApplicationInsights,
        azure_monitor,
        lambda one: (item["data"]["baseData"]["properties"]["logboom.record.id"] for item in one.items),
    ),
    "sentinel": Destination(
        SENTINEL,
        lambda: Azure({name: kind for name, (kind, _) in TABLE.items()}),
        sentinel,
        lambda one: (record["RecordId"] for record in one.records),
    ),
    "datadog": Destination(
        DATADOG,
        Intake,
        lambda _, url: {"endpoint": url, "api": {"key": datadog.KEY}},
        lambda one: (entry["otel"]["record_id"] for entry in one.entries),
    ),
    "googlecloud": Destination(
        GOOGLECLOUD,
        lambda: CloudLogging(open=True),
        googlecloud,
        lambda one: (entry["insertId"] for entry in one.written),
    ),
    "chronicle": Destination(
        CHRONICLE, Google, chronicle, lambda one: (orjson.loads(entry["text"])["record_id"] for entry in one.entries)
    ),
}


def delivered(tmp_path: Path, name: str, faults: list[Fault], pace: Mapping[str, Any] = QUICK) -> Counter[str]:
    """How often each record arrived through these faults; each of them came to pass and each record arrived."""
    destination = DESTINATIONS[name]
    with Load(tmp_path, destination.factory) as load, on_thread(destination.service()) as service:
        with proxied(service.url) as proxy:
            proxy.faults.extend(faults)
            load.deliver({**pace, **destination.options(service, proxy.url)})
            assert not proxy.faults
        times = Counter(destination.ids(service))
        assert service.complaints == []
        assert times.keys() == set(load.ids)
        return times


@pytest.mark.parametrize("day", DAYS)
def test_a_bad_day(tmp_path, day):
    """Nothing missing; each record once, unless answers were lost on the way back."""
    clean = day in CLEAN_DAYS
    assert (max(delivered(tmp_path, "sentinel", DAYS[day], PATIENT if clean else QUICK).values()) > 1) != clean


@pytest.mark.parametrize("name", DESTINATIONS)
@pytest.mark.parametrize("seed", [8, 9])
def test_all_of_it_at_once(tmp_path, name, seed):
    """A random mixture: nothing missing, whatever is lost on the way."""
    assert max(delivered(tmp_path, name, mixture(seed, 3)).values()) > 1


@pytest.mark.parametrize("name", DESTINATIONS)
def test_without_faults_each_record_arrives_once(tmp_path, name):
    """Doubles come from lost answers alone."""
    assert set(delivered(tmp_path, name, [], PATIENT).values()) == {1}
