"""The API as a document, OpenAPI 3.1: made of the handlers' own models, and of what every route has: problems."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.routing import compile_path

_PROBLEM: dict[str, Any] = {
    "title": "Problem",
    "description": "RFC 9457. Besides: `position` and `did_you_mean` of a query, `parameter`, `etag`, `command`.",
    "type": "object",
    "required": ["type", "title", "status", "detail", "request_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "request_id": {"type": "string", "description": "By which logboom's log speaks of it."},
        "position": {"type": "integer"},
        "did_you_mean": {"type": "string"},
        "parameter": {"type": "string"},
    },
}
_SCHEMES = {
    "credential": {"type": "http", "scheme": "bearer", "description": "A key that reads, or a provider's token."},
    "password": {"type": "http", "scheme": "basic"},
}
"""Of programs, where the console asks who comes; browsers have a session."""
_ALWAYS = (400, 401, 403, 404, 421, 500, 503)
_OF_STORE = (409, 429, 504)
_OF_CHANGES = (409, 412, 422, 429, 504)
_DEFAULTS = ("HTTPValidationError", "ValidationError")
"""What FastAPI says of parameters that are none: here it is a problem, too."""


def described(app: FastAPI) -> dict[str, Any]:
    """The document; made once."""
    if app.openapi_schema is None:
        found = get_openapi(title=app.title, version=app.version, routes=app.routes)
        schemas = found.setdefault("components", {}).setdefault("schemas", {})
        for name in _DEFAULTS:
            schemas.pop(name, None)
        schemas["Problem"] = _PROBLEM
        if app.state.parts.logins is not None:
            found["components"]["securitySchemes"] = _SCHEMES
            found["security"] = [{name: []} for name in _SCHEMES]
        for operations in found["paths"].values():
            for method, operation in operations.items():
                _complete(operation["responses"], method)
        app.openapi_schema = found
    return app.openapi_schema


def methods_of(app: FastAPI, path: str) -> list[str]:
    """What may be done at a path of the API; empty: there is no such path."""
    found = {
        method.upper()
        for template, operations in described(app)["paths"].items()
        if compile_path(template)[0].fullmatch(path)
        for method in operations
    }
    return sorted(found)


def _complete(answers: dict[str, Any], method: str) -> None:
    answers.pop("422", None)
    for status in (*_ALWAYS, *(_OF_STORE if method == "get" else _OF_CHANGES)):
        answers.setdefault(str(status), _answer(status))


def _answer(status: int) -> dict[str, Any]:
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {"description": HTTPStatus(status).phrase, "content": content}
