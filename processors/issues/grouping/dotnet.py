"""Traces of .NET."""

from __future__ import annotations

import re
from collections.abc import Sequence

from processors.issues.grouping.frames import Frame, Trace

_FRAME = re.compile(r"^\s*at (?P<where>[^()\s]+)\s?\(")
_INNER = re.compile(r"---> (?P<type>[A-Za-z_][\w.`+]*)(?: \([^)]*\))?: (?P<message>.*?)(?=$| ---> )")
_STATE_MACHINE = re.compile(r"\.<(?P<of>[\w.]+)>d__\d+(?:`\d+)?\.MoveNext$")
_CLOSURE = re.compile(r"[.+]<>c(?:__DisplayClass[\d_]+)?(?:`\d+)?\.<(?P<of>[\w.]*)>b__[\d_|]+$")
_LOCAL = re.compile(r"\.<(?P<of>[\w.]+)>g__(?P<local>\w+)\|[\d_]+$")
_ARITY = re.compile(r"`\d+|\[[^\]]*\]")
_LIBRARY = re.compile(
    r"^(?:System|Microsoft|Npgsql|MySql|MySqlConnector|Newtonsoft|Dapper|Polly|MediatR|AutoMapper|Autofac|Castle|Serilog|NLog|Xunit"
    r"|NUnit|Grpc|Google|Azure|Amazon|StackExchange|RabbitMQ|MassTransit|Hangfire|Quartz|IdentityServer4|Swashbuckle|MongoDB)\.|^lambda_method"
)


def read(lines: Sequence[str], type_: str, message: str) -> Trace:
    """The innermost exception; its frames stand in front of those of the ones around it."""
    kinds, messages = [type_], [message.partition(" ---> ")[0].partition("\n")[0]]
    frames: list[Frame] = []
    for line in lines:
        if found := _FRAME.match(line):
            frames.append(_frame(found["where"]))
            continue
        for inner in _INNER.finditer(line):
            kinds.append(inner["type"])
            messages.append(inner["message"])
    return Trace("dotnet", kinds[-1], messages[-1], frames, kinds[-2::-1])


def _frame(where: str) -> Frame:
    own = not _LIBRARY.match(where)
    where = _STATE_MACHINE.sub(r".\g<of>", where)
    where = _CLOSURE.sub(r".\g<of>.lambda", where)
    where = _LOCAL.sub(r".\g<of>.\g<local>", where)
    place, _, function = _ARITY.sub("", where).rpartition(".")
    if function == "lambda":
        place, _, of = place.rpartition(".")
        function = f"{of}.lambda"
    return Frame(function, place, own)
