"""The published OCSF schema as a judge: JSON Schema per (version, class, profiles), and what JSON Schema leaves open.

From the package ocsf-json-schema, which bundles the schema files of every version; nothing is fetched.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import jsonschema_rs
from ocsf_json_schema.embedded import OcsfJsonSchemaEmbedded
from ocsf_json_schema.loader import get_ocsf_schema


def problems(text: str) -> list[str]:
    """What is wrong with an event; empty for a valid one. Judged by the version and profiles that it claims."""
    event = json.loads(text, object_pairs_hook=_without_repeats)
    metadata = event["metadata"]
    profiles = tuple(metadata.get("profiles", ()))
    judge = _validator(metadata["version"], event["class_uid"], profiles)
    found = [f"{'/'.join(map(str, error.instance_path))}: {error.message[:300]}" for error in judge.iter_errors(event)]
    return found + _wrong_names(event)


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    assert len(keys) == len(set(keys)), f"a key stands twice: {keys}"
    return dict(pairs)


@cache
def schema(version: str) -> OcsfJsonSchemaEmbedded:
    """All of one version."""
    return OcsfJsonSchemaEmbedded(get_ocsf_schema(version))


def class_of(version: str, uid: int) -> dict[str, Any]:
    """A class with its attributes and captions. Raises KeyError for one that the version does not have."""
    raw = schema(version).schema.schema
    classes = [raw["base_event"]] if "base_event" in raw else []
    found: dict[int, dict[str, Any]] = {one["uid"]: one for one in [*raw["classes"].values(), *classes]}
    return found[uid]


@cache
def _validator(version: str, uid: int, profiles: tuple[str, ...]) -> Any:
    known = class_of(version, uid)
    unknown = set(profiles) - set(known["profiles"])
    assert not unknown, f"{known['name']} of {version} has no profile {unknown}"
    return jsonschema_rs.validator_for(schema(version).get_class_schema(known["name"], list(profiles)))


def _wrong_names(event: dict[str, Any]) -> list[str]:
    """Names beside numbers must be the schema's captions, and `type_uid` must follow from class and activity."""
    known = class_of(event["metadata"]["version"], event["class_uid"])
    attributes = known["attributes"]
    wanted = {
        "class_name": known["caption"],
        "activity_name": attributes["activity_id"]["enum"][str(event["activity_id"])]["caption"],
        "severity": attributes["severity_id"]["enum"][str(event["severity_id"])]["caption"],
        "category_name": known.get("category_name") or "Uncategorized",
        "type_uid": event["class_uid"] * 100 + event["activity_id"],
    }
    if "status_id" in event:
        wanted["status"] = attributes["status_id"]["enum"][str(event["status_id"])]["caption"]
    return [f"{key} is {event.get(key)!r}, not {value!r}" for key, value in wanted.items() if event.get(key) != value]
