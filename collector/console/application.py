"""The console's ASGI application: one table of what it answers, behind what every request passes.

host ► headers of every answer ► who asks ► (changes: from our own pages) ► route ► handler
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Depends, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from collector.console.api import ROUTERS as API
from collector.console.api.document import methods_of
from collector.console.asking import theirs
from collector.console.loki import ROUTERS as LOKI
from collector.console.mcp import endpoint as mcp
from collector.console.mcp.tools import PATH
from collector.console.pages import ROUTERS as PAGES
from collector.console.pages.failing import failed_page
from collector.console.parts import Parts
from collector.console.refusal import Refused, problem, request_id
from collector.console.security import guarded
from collector.console.serving_files import files
from collector.release import release
from collector.store.reading import NoStore
from collector.transport.serving.http_server import App

log = logging.getLogger("logboom.console")

_API, _LOKI = "/api/", "/loki/"


def application(parts: Parts) -> App:
    """All of it."""
    app = FastAPI(
        title="logboom", version=release(), openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False,
        dependencies=[Depends(theirs)],
    )  # fmt: skip
    app.state.parts = parts
    for prefix, routers in (("/api/v1", API), ("", PAGES)):
        _include(app, prefix, routers)
    for router in LOKI:
        app.include_router(router)
    app.mount("/static", files(), "static")
    app.router.routes.append(Route(PATH, mcp.Endpoint()))
    for kind in (Refused, NoStore, HTTPException, RequestValidationError, Exception):
        app.add_exception_handler(kind, _failed)
    return guarded(app, parts)


def _include(app: FastAPI, prefix: str, routers: Sequence[APIRouter]) -> None:
    for router in routers:
        app.include_router(router, prefix=prefix, include_in_schema=bool(prefix))


async def _failed(request: Request, error: Exception) -> Response:
    """Programs get a problem, those of Loki a text, people a page."""
    id_ = request_id()
    refused = _refused(error)
    if refused.status >= 500 and not isinstance(error, Refused | NoStore | HTTPException):
        log.error("request %s failed: %s %s", id_, request.method, request.scope["path"], exc_info=error)
    path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
    if path.startswith(_API):
        if refused.status == 405 and (methods := methods_of(request.app, path)):
            refused.headers["allow"] = ", ".join(methods)
        return problem(refused, id_)
    if path.startswith(_LOKI):
        return PlainTextResponse(refused.detail, refused.status)
    return await failed_page(request, refused, id_)


def _refused(error: Exception) -> Refused:
    if isinstance(error, Refused):
        return error
    if isinstance(error, NoStore):
        return Refused(503, f"nothing is stored yet: {error}", None, 5.0)
    if isinstance(error, HTTPException):
        return Refused(error.status_code, str(error.detail), headers=error.headers)
    if isinstance(error, RequestValidationError):
        return Refused(400, "; ".join(_said(each) for each in error.errors()))
    return Refused(500, "that failed inside logboom; its log says more under this request id")


def _said(error: Any) -> str:
    return f"{'.'.join(str(part) for part in error['loc'][1:]) or 'the body'}: {error['msg']}"
