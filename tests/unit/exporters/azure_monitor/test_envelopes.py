"""What a record becomes in Application Insights, read back by Microsoft's own message types."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from collector.release import release
from collector.testing.row_batch import Nested, Row, batch_of
from counterparts import application_insights_models as models
from counterparts.application_insights import KEY
from exporters.azure_monitor.config import AzureMonitorConfig
from exporters.azure_monitor.envelopes import envelopes
from otlp_wire import any_from_python

BOTH = {"custom_events_enabled": True, "exception_events_enabled": True}


def config(**options):
    return AzureMonitorConfig.model_validate({"instrumentation_key": KEY, **options})


def once(pairs):
    assert len({name for name, _ in pairs}) == len(pairs), "a name twice"
    return dict(pairs)


def written(*rows, **options):
    found = [json.loads(text, object_pairs_hook=once) for text in envelopes(batch_of(rows), config(**options), KEY)]
    for item in found:
        models.check(item)
    return found


def data(*rows, **options):
    return [item["data"] for item in written(*rows, **options)]


def properties(*rows, **options):
    return [one["baseData"]["properties"] for one in data(*rows, **options)]


def row(own=(), resource=(), name="a", scope=("", "", ()), **fields):
    return Row(name, list(own), list(resource), scope, fields=fields)


def test_a_record_whole():
    """Each field in its place."""
    resource = [
        ("service.name", "web"),
        ("service.namespace", "shop"),
        ("service.instance.id", "i-1"),
        ("service.version", "2"),
        ("n", 5),
    ]
    own = [("user", "bob"), ("ok", True), ("list", Nested(any_from_python([1, "a"])))]
    (item,) = written(
        row(own, resource, scope=("lib", "1.2", ()), severity_number=17, trace_id=b"\1" * 16, span_id=b"\2" * 8, event_name="login",
            body='say "hi"\n')
    )  # fmt: skip
    assert item == {
        "ver": 1,
        "name": "Microsoft.ApplicationInsights.Message",
        "time": "2023-11-14T22:13:20.0000000Z",
        "iKey": KEY,
        "tags": {
            "ai.operation.id": "01" * 16, "ai.operation.parentId": "02" * 8, "ai.cloud.role": "shop.web",
            "ai.cloud.roleInstance": "i-1", "ai.application.ver": "2", "ai.internal.sdkVersion": f"logboom:{release()}",
        },
        "data": {
            "baseType": "MessageData",
            "baseData": {
                "ver": 2, "message": 'say "hi"\n', "severityLevel": "Error",
                "properties": {
                    "user": "bob", "ok": "true", "list": '[1,"a"]', "event.name": "login", "logboom.record.id": "a",
                    "instrumentationlibrary.name": "lib", "instrumentationlibrary.version": "1.2", "service.name": "web",
                    "service.namespace": "shop", "service.instance.id": "i-1", "service.version": "2", "n": "5",
                },
            },
        },
    }  # fmt: skip


def test_severity_levels_are_azures_five():
    """As the Collector's exporter maps them; a record without a number is information."""
    wanted = (
        ["Information"]
        + ["Verbose"] * 8
        + [name for name in ("Information", "Warning", "Error", "Critical") for _ in range(4)]
    )
    found = data(*(row(name=str(number), severity_number=number) for number in range(25)))
    assert [one["baseData"]["severityLevel"] for one in found] == wanted
    assert set(wanted) == models.levels()


MESSAGES = {
    "a map": ({"body": None, "body_any": any_from_python({"a": [1]})}, (), '{"a":[1]}'),
    "a number": ({"body": None, "body_any": any_from_python(7)}, (), "7"),
    "an event's name": ({"body": None, "event_name": "login"}, (), "login"),
    "an exception's": ({"body": ""}, [("exception.message", "no room")], "no room"),
    "nothing": ({"body": None}, (), "n/a"),
    "one that is too long": ({"body": "ü" * 32_769}, (), "ü" * 32_768),
}


@pytest.mark.parametrize("case", MESSAGES)
def test_each_record_has_a_message(case):
    """It is demanded, and must not be empty."""
    fields, own, wanted = MESSAGES[case]
    (found,) = data(row(own, **fields))
    assert found["baseData"]["message"] == wanted


def test_the_record_goes_before_its_scope_and_its_resource():
    """A name stands once; other records of the resource keep the resource's."""
    resource = [("env", "prod"), ("instrumentationlibrary.name", "r"), ("region", "eu")]
    batch = batch_of(
        [row([("env", "mine"), ("env", "again"), ("logboom.record.id", "forged")], resource), row((), resource, "b")]
    )
    batch = replace(batch, records=batch.records.with_columns(resource=batch.column("resource") * 0))
    found = [
        json.loads(text, object_pairs_hook=once)["data"]["baseData"]["properties"]
        for text in envelopes(batch, config(), KEY)
    ]
    assert found == [
        {"logboom.record.id": "a", "env": "mine", "instrumentationlibrary.name": "r", "region": "eu"},
        {"logboom.record.id": "b", "env": "prod", "instrumentationlibrary.name": "r", "region": "eu"},
    ]


def test_names_and_values_are_cut_where_azure_would():
    """150 and 8,192 characters, also of what is shared; two names that become one are one; an attribute without a name has no place."""
    long = "k" * 151
    (found,) = properties(
        row([(long, "v" * 8193), ("k" * 150, "other"), ("", "x"), ("e", "")], [("r" * 200, "ü" * 9000)])
    )
    assert found == {"k" * 150: "v" * 8192, "r" * 150: "ü" * 8192, "e": "", "logboom.record.id": "a"}


def test_exceptions_where_they_are_asked_for():
    """Type, message and stack; what is missing is taken from the body, or the type."""
    rows = [
        row(
            [("exception.type", "ValueError"), ("exception.message", "bad"), ("exception.stacktrace", "at f")],
            severity_number=21,
        ),
        row([("exception.type", "E")], name="b", body=""),
        row([("exception.message", "m" * 33_000)], name="c"),
        row(name="d"),
    ]
    found = data(*rows, **BOTH)
    assert [one["baseType"] for one in found] == ["ExceptionData"] * 3 + ["MessageData"]
    assert [one["baseData"].get("exceptions") for one in found] == [
        [{"typeName": "ValueError", "message": "bad", "hasFullStack": True, "stack": "at f"}],
        [{"typeName": "E", "message": "E", "hasFullStack": False}],
        [{"typeName": "n/a", "message": "m" * 32_768, "hasFullStack": False}],
        None,
    ]
    assert found[0]["baseData"]["severityLevel"] == "Critical"
    assert found[0]["baseData"]["properties"]["exception.stacktrace"] == "at f"
    assert {one["baseType"] for one in data(*rows)} == {"MessageData"}


def test_custom_events_where_they_are_asked_for():
    """By either attribute; with them they go before exceptions, and have no severity."""
    rows = [
        row([("microsoft.custom_event.name", "bought"), ("exception.type", "E")]),
        row([("APPLICATION_INSIGHTS_EVENT_MARKER_ATTRIBUTE", "n" * 600)], name="b"),
        row([("microsoft.custom_event.name", 7)], name="c"),
    ]
    found = data(*rows, **BOTH)
    assert [(one["baseType"], one["baseData"]["name"]) for one in found] == [
        ("EventData", "bought"), ("EventData", "n" * 512), ("EventData", "7"),
    ]  # fmt: skip
    assert "severityLevel" not in found[0]["baseData"]
    assert {one["baseType"] for one in data(*rows)} == {"MessageData"}


ROLES = {
    "name alone": ([("service.name", "web")], {}, {"ai.cloud.role": "web"}),
    "nothing": ([], {}, {}),
    "namespace alone": ([("service.namespace", "shop")], {}, {}),
    "one that is too long": ([("service.name", "w" * 300)], {}, {"ai.cloud.role": "w" * 256}),
    "another instance": (
        [("host.name", "h"), ("service.instance.id", "i")],
        {"cloud_role_instance": ["k8s.pod.name", "host.name"]},
        {"ai.cloud.roleInstance": "h"},
    ),
    "a text at the end": (
        [("service.version", "")],
        {"cloud_role_instance": ["k8s.pod.name", "unknown"], "application_version": ["service.version", "dev"]},
        {"ai.cloud.roleInstance": "unknown", "ai.application.ver": "dev"},
    ),
}


@pytest.mark.parametrize("case", ROLES)
def test_who_it_was(case):
    """Tags of the resource, by `tag_mappings`; what is empty is left out."""
    resource, mappings, wanted = ROLES[case]
    (item,) = written(row((), resource), tag_mappings=mappings)
    assert {name: text for name, text in item["tags"].items() if name != "ai.internal.sdkVersion"} == wanted


def test_the_models_find_what_is_wrong():
    """What the tests lean on: a member too many, one that is missing, a wrong type."""
    (item,) = written(row())
    for wrong in (
        {"sample": 1},
        {"name": 7},
        {"tags": {"a": 1}},
        {"data": {"baseType": "MessageData", "baseData": {"ver": 2}}},
    ):
        with pytest.raises(ValueError, match="validation error"):
            models.check({**item, **wrong})
