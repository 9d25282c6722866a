"""HTTP requests, responses and API operations."""

from __future__ import annotations

from functools import partial

import polars as pl

from collector.documents.ocsf.catalogue import FAILURE, OTHER, SUCCESS, UNKNOWN, Edition
from collector.documents.ocsf.fields import Mask, Part
from collector.documents.ocsf.members import Json, json_object, text
from collector.documents.ocsf.validity import is_hostname

METHOD = ("http.request.method", "http.method")
STATUS = ("http.response.status_code", "http.status_code")
GRPC_STATUS = "rpc.grpc.status_code"
_MAX_SIZE = (1 << 31) - 1
_METHODS = {"CONNECT": 1, "DELETE": 2, "GET": 3, "HEAD": 4, "OPTIONS": 5, "POST": 6, "PUT": 7, "TRACE": 8}
_PATCH = 9
_OPERATIONS = {"POST": 1, "GET": 2, "HEAD": 2, "PUT": 3, "PATCH": 3, "DELETE": 4}


def http_activities(part: Part, edition: Edition) -> pl.Series:
    """Get, Post, …; Other for methods that have no activity."""
    return _by_method(part, _methods(edition), OTHER)


def known_methods(part: Part, edition: Edition) -> Mask:
    """Which records have a method that the schema names: the only ones that `http_method` holds."""
    method = part.text(*METHOD, valid=partial(_is_method, edition=edition), take=False)
    return part.present() if method is None else method.is_not_null().to_numpy()


def _methods(edition: Edition) -> dict[str, int]:
    return _METHODS | ({"PATCH": _PATCH} if edition.patch else {})


def _is_method(method: pl.Series, edition: Edition) -> pl.Series:
    return method.str.to_uppercase().is_in(list(_methods(edition)))


def api_activities(part: Part) -> pl.Series:
    """What a method does to a resource; Unknown for RPC."""
    return _by_method(part, _OPERATIONS, UNKNOWN)


def _by_method(part: Part, known: dict[str, int], default: int) -> pl.Series:
    method = part.text(*METHOD, take=False)
    if method is None:
        return pl.repeat(UNKNOWN, len(part.rows), dtype=pl.UInt8, eager=True)
    activity = method.str.to_uppercase().replace_strict(known, default=default, return_dtype=pl.UInt8)
    return activity.set(method.is_null(), UNKNOWN)


def url_object(part: Part) -> tuple[Json | None, pl.Series | None]:
    """The object, and the whole URL, which can be observed. Without a URL or path nothing is taken."""
    whole, path = part.text("url.full", "http.url"), part.text("url.path", "http.target")
    if whole is None and path is None:
        return None, None
    there = part.present() | _there(whole) | _there(path)
    texts = {
        "url_string": whole,
        "path": path,
        "scheme": part.text("url.scheme", "http.scheme", where=there),
        "query_string": part.text("url.query", where=there),
        "hostname": part.text("url.domain", valid=is_hostname, where=there),
    }
    members = {key: text(column) for key, column in texts.items()}
    return json_object(members, needs=["url_string", "path"]), whole


def http_request(part: Part, edition: Edition) -> tuple[Json | None, pl.Series | None]:
    """The object, and the whole URL."""
    url, whole = url_object(part)
    method = part.text(*METHOD, valid=partial(_is_method, edition=edition))
    texts = {
        "http_method": None if method is None else method.str.to_uppercase(),
        "user_agent": part.text("user_agent.original", "http.user_agent"),
        "version": part.text("network.protocol.version", "http.flavor"),
    }
    members: dict[str, Json | None] = {key: text(column) for key, column in texts.items()}
    return json_object(members | {"url": url, "body_length": _size(part, edition, "http.request.body.size")}), whole


def http_response(part: Part, edition: Edition) -> tuple[Json | None, pl.Series | None]:
    """The object, and the status codes."""
    code = part.number(*STATUS, low=100, high=599)
    if code is None:
        return None, None
    size = _size(part, edition, "http.response.body.size", code.is_not_null().to_numpy())
    return json_object({"code": code.cast(pl.String), "body_length": size}, needs=["code"]), code


def _size(part: Part, edition: Edition, key: str, where: Mask | None = None) -> Json | None:
    size = part.number(key, low=0, high=_MAX_SIZE, where=where) if edition.body_length else None
    return None if size is None else size.cast(pl.String)


def status_of(code: pl.Series) -> pl.Series:
    """Success below 400, else Failure."""
    status = pl.when(pl.lit(code) < 400).then(SUCCESS).when(pl.lit(code) >= 400).then(FAILURE).otherwise(UNKNOWN)
    return pl.select(status.cast(pl.UInt8).alias("status")).to_series()


def status_of_grpc(code: pl.Series) -> pl.Series:
    """Success is 0, OK."""
    status = pl.when(pl.lit(code) == 0).then(SUCCESS).when(pl.lit(code) > 0).then(FAILURE).otherwise(UNKNOWN)
    return pl.select(status.cast(pl.UInt8).alias("status")).to_series()


def operation(part: Part, take: bool = True) -> pl.Series | None:
    """`package.Service/Method`, or `GET /api/users/{id}`: templates, never single paths."""
    method, service = part.text("rpc.method", take=take), part.text("rpc.service", take=take)
    called = method
    if method is not None and service is not None:
        full = pl.concat_str(pl.lit(service), pl.lit("/"), pl.lit(method))
        called = pl.select(pl.coalesce(full, pl.lit(method)).alias("operation")).to_series()
    verb, route = part.text(*METHOD, take=False), part.text("http.route", "logboom.endpoint", take=False)
    if verb is None or route is None:
        return called
    served = pl.select(pl.concat_str(pl.lit(verb), pl.lit(" "), pl.lit(route)).alias("operation")).to_series()
    return served if called is None else called.zip_with(called.is_not_null(), served)


def _there(column: pl.Series | None) -> Mask | bool:
    return False if column is None else column.is_not_null().to_numpy()
