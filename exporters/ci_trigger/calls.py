"""The call that starts a pipeline, and the one that only looks whether it is there; by provider.

Source: GitHub REST API, "Create a workflow dispatch event" (`return_run_details`: 200 with the run); GitLab, "Trigger a pipeline with a token"
(201); Jenkins, "Remote access API", `buildWithParameters` (201, `Location` of the queue's item).
"""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import orjson

from collector.responses.http_acting import JSON
from collector.responses.response import Response
from collector.transport.http_client import HttpAnswer
from exporters.ci_trigger.config import CiTriggerConfig, TriggerConfig

_FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}


class Call(NamedTuple):
    """A POST that starts, and the URL of a GET that only looks, "" = there is none."""

    url: str
    body: bytes
    headers: Mapping[str, str]
    look: str


def call(config: CiTriggerConfig, trigger: TriggerConfig, response: Response) -> Call:
    """Of a configured pipeline; of the response only its id is in it."""
    parameters = dict(trigger.parameters) | ({trigger.id_parameter: response.id} if trigger.id_parameter else {})
    return _BY_PROVIDER[config.provider](config, trigger, parameters)


def _github(config: CiTriggerConfig, trigger: TriggerConfig, parameters: Mapping[str, str]) -> Call:
    url = f"{config.address}/repos/{trigger.project}/actions/workflows/{trigger.workflow}"
    headers = {
        **JSON, "Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28",
        "Authorization": f"Bearer {config.token.get_secret_value()}",
    }  # fmt: skip
    said = {"ref": trigger.ref, "inputs": parameters, "return_run_details": True}
    return Call(f"{url}/dispatches", orjson.dumps(said), headers, url)


def _gitlab(config: CiTriggerConfig, trigger: TriggerConfig, parameters: Mapping[str, str]) -> Call:
    form = {"token": config.token.get_secret_value(), "ref": trigger.ref}
    form |= {f"variables[{name}]": value for name, value in parameters.items()}
    url = f"{config.address}/api/v4/projects/{quote(trigger.project, safe='')}/trigger/pipeline"
    return Call(url, urlencode(form).encode(), _FORM, "")


def _jenkins(config: CiTriggerConfig, trigger: TriggerConfig, parameters: Mapping[str, str]) -> Call:
    url = config.address + "".join(f"/job/{quote(part, safe='')}" for part in trigger.project.split("/"))
    who = base64.b64encode(config.token.get_secret_value().encode()).decode()
    ending = "buildWithParameters" if parameters else "build"
    return Call(
        f"{url}/{ending}", urlencode(parameters).encode(), {**_FORM, "Authorization": f"Basic {who}"}, f"{url}/api/json"
    )


_BY_PROVIDER = {"github": _github, "gitlab": _gitlab, "jenkins": _jenkins}


def started(answer: HttpAnswer) -> str:
    """What was started, as its provider names it."""
    found: Any = None
    with contextlib.suppress(ValueError):
        found = orjson.loads(answer.body)
    said = found if isinstance(found, dict) else {}
    return str(said.get("html_url") or said.get("web_url") or answer.headers.get("Location", ""))[:500]
