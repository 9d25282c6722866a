"""The members that depend on the event class, for the records of one class."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import polars as pl

from collector.batch import LogBatch
from collector.documents.ocsf import finding, login, requests
from collector.documents.ocsf.catalogue import (
    API,
    BASE,
    ERROR,
    FAILURE,
    FINDING,
    HTTP,
    LOGIN,
    OTHER,
    Edition,
    EventClass,
)
from collector.documents.ocsf.context import Context
from collector.documents.ocsf.endpoints import Ends, destination, source
from collector.documents.ocsf.fields import Part
from collector.documents.ocsf.members import Json, Made, Text, json_array, json_object, text
from collector.documents.ocsf.users import user
from collector.documents.ocsf.validity import is_ip

IP, HOSTNAME, USER_NAME, EMAIL, URL = (
    (2, "IP Address"),
    (1, "Hostname"),
    (4, "User Name"),
    (5, "Email Address"),
    (6, "URL String"),
)
_STATUSES = ("Unknown", "Success", "Failure")
Observed = tuple[str, tuple[int, str], pl.Series | None]
"""(path of the field, kind of observable, its values as text)"""


Codes = pl.Series | int
"""One of each record, or the same for all."""


@dataclass(slots=True)
class Event:
    """Members as JSON; the activity and the status as numbers."""

    activity: Codes
    status: Codes | None = None
    status_names: tuple[str | None, ...] = _STATUSES
    members: dict[str, Json | None] = field(default_factory=dict)
    observed: list[Observed] = field(default_factory=list)
    actor: dict[str, Json | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Known:
    """All that was found out about the batch before a class was chosen; `trace` is hex."""

    batch: LogBatch
    edition: Edition
    context: Context
    ends: Ends
    messages: pl.Series
    trace: pl.Series


def event(kind: EventClass, part: Part, known: Known) -> Event:
    """The records of `part`, all of one class."""
    return _BUILDERS[kind.uid](part, known)


def _base(part: Part, known: Known) -> Event:
    return _with_actor(Event(0), BASE, part, known)


def _error(part: Part, known: Known) -> Event:
    """The exception's message is the detail, its type the code."""
    made = Event(1, FAILURE)
    made.members["status_code"] = text(part.text("error.type", "exception.type"))
    made.members["status_detail"] = text(part.text("exception.message"))
    return _with_actor(made, ERROR, part, known)


def _finding(part: Part, known: Known) -> Event:
    activity = finding.activities(known.batch.column("event_name").gather(part.rows))
    made = Event(activity, finding.statuses(activity), finding.STATUSES)
    made.members["finding_info"] = finding.finding_info(known.batch, part, known.messages.gather(part.rows))
    return _with_actor(made, FINDING, part, known)


def _http(part: Part, known: Known) -> Event:
    activity = requests.http_activities(part, known.edition)
    made = Event(activity)
    _add_request(made, HTTP, part, known)
    _add_ends(made, part, known)
    made.members["app_name"] = Text(known.context.service.gather(part.rows))
    made.members["status_detail"] = text(part.text("exception.message"))
    return _with_actor(made, HTTP, part, known)


def _api(part: Part, known: Known) -> Event:
    made = Event(requests.api_activities(part))
    operation = requests.operation(part)
    service = json_object({"name": Text(known.context.service.gather(part.rows))})
    made.members["api"] = json_object({"operation": text(operation), "service": service}, needs=["operation"])
    _add_request(made, API, part, known)
    if made.status is None and (code := part.number(requests.GRPC_STATUS, low=0, high=16)) is not None:
        made.status = requests.status_of_grpc(code)
        made.members["status_code"] = text(code.cast(pl.String))
    _add_ends(made, part, known)
    return _with_actor(made, API, part, known)


def _login(part: Part, known: Known) -> Event:
    made = Event(login.activities(known.batch, part), login.statuses(known.batch, part))
    who, seen = user(part)
    made.members["user"] = who
    made.observed += _of_user("user", seen)
    made.members["service"] = json_object({"name": Text(known.context.service.gather(part.rows))})
    status = made.status
    _add_request(made, LOGIN, part, known)
    made.status = status
    _add_ends(made, part, known)
    made.actor["process"] = known.context.process.gather(part.rows)
    return made


def _add_request(made: Event, kind: EventClass, part: Part, known: Known) -> None:
    made.members["http_request"], url = requests.http_request(part, known.edition)
    made.observed.append(("http_request.url.url_string", URL, url))
    if known.edition.response(kind):
        made.members["http_response"], code = requests.http_response(part, known.edition)
        if code is not None:
            made.status = requests.status_of(code)
            made.members["status_code"] = text(code.cast(pl.String))


def _add_ends(made: Event, part: Part, known: Known) -> None:
    for name, end in (("src_endpoint", source(part, known.ends)), ("dst_endpoint", destination(part, known.ends))):
        made.members[name] = end.object
        made.observed += [(f"{name}.ip", IP, end.ip), (f"{name}.hostname", HOSTNAME, end.hostname)]


def _with_actor(made: Event, kind: EventClass, part: Part, known: Known) -> Event:
    """Who did it, and which process; where the class has no place for them they stay where they were.

    A client's address has no field in some classes: there it can still be searched for.
    """
    hosted = known.edition.host(kind)
    if kind in (BASE, ERROR, FINDING):
        address = part.text("client.address", valid=is_ip, take=False)
        made.observed.append(("unmapped.attributes.client.address", IP, address))
    if hosted or kind == API:
        made.actor["user"], seen = user(part)
        made.observed += _of_user("actor.user", seen)
    if hosted:
        made.actor["process"] = known.context.process.gather(part.rows)
    return made


def _of_user(path: str, seen: Mapping[str, pl.Series | None]) -> list[Observed]:
    kinds = {"name": USER_NAME, "email_addr": EMAIL}
    return [(f"{path}.{key}", kinds[key], column) for key, column in seen.items()]


def observables(observed: list[Observed]) -> Json | None:
    """`[{"name":"src_endpoint.ip","type":"IP Address","type_id":2,"value":"10.0.0.1"},…]`."""
    return json_array([_observable(*one) for one in observed])


def _observable(name: str, kind: tuple[int, str], values: pl.Series | None) -> Json | None:
    if values is None:
        return None
    members: dict[str, Json | None] = {
        "name": f'"{name}"',
        "type": f'"{kind[1]}"',
        "type_id": str(kind[0]),
        "value": Text(values),
    }
    return json_object(members, needs=["value"])


def classification(kind: EventClass, activity: Codes) -> dict[str, Json | None]:
    """`activity_id`, `category_uid`, `class_uid`, `type_uid` and their names."""
    names = {0: "Unknown", **kind.activities, OTHER: "Other"}
    texts = {
        number: f'{number},"activity_name":"{name}","type_uid":{kind.uid * 100 + number},"type_name":"{kind.name}: {name}"'
        for number, name in names.items()
    }
    return {
        "category_uid": str(kind.category_uid),
        "category_name": f'"{kind.category}"',
        "class_uid": str(kind.uid),
        "class_name": f'"{kind.name}"',
        "activity_id": _named(activity, texts),
    }


def status(made: Event) -> Json | None:
    """`status_id` and `status`; null where it is unknown."""
    if made.status is None:
        return None
    texts = {n: f'{n},"status":"{name}"' for n, name in enumerate(made.status_names) if n and name}
    return _named(made.status, texts)


def _named(numbers: Codes, texts: Mapping[int, str]) -> Made | None:
    """The text of each number, null for one without."""
    if isinstance(numbers, int):
        return texts.get(numbers)
    return pl.Series([texts.get(number) for number in range(OTHER + 1)], dtype=pl.String).gather(numbers)


_BUILDERS: dict[int, Callable[[Part, Known], Event]] = {
    BASE.uid: _base,
    ERROR.uid: _error,
    FINDING.uid: _finding,
    HTTP.uid: _http,
    API.uid: _api,
    LOGIN.uid: _login,
}
