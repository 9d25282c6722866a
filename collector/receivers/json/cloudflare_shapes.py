"""The shapes of Cloudflare's records, declared as in `shapes`.

Sources: Cloudflare's documentation, "Logpush: HTTP destination", "Log fields", "Tail Workers".
"""

from __future__ import annotations

from collector.receivers.json.shape import Shape, Slot

LOGPUSH = Shape(
    name="cloudflare_logpush",
    summary="Cloudflare Logpush, HTTP destination: http_requests, firewall_events, workers_trace_events and other datasets",
    paths=("/cloudflare/logpush",),
    slots={
        Slot.TIME: (
            "EdgeStartTimestamp", "Datetime", "Timestamp", "EventTimestampMs", "When", "SessionStartTime", "CreatedAt", "EdgeEndTimestamp",
        ),
        Slot.BODY: ("Message", "Description"),
        Slot.SEVERITY: ("Level",),
    },
    resource={
        "cloudflare.zone": ("ZoneName",),
        "cloudflare.zone.id": ("ZoneID",),
        "cloudflare.account.id": ("AccountID",),
        "service.name": ("ScriptName", "WorkerScriptName"),
    },
    attributes={
        "http.request.method": ("ClientRequestMethod", "ClientRequestHTTPMethodName"),
        "url.path": ("ClientRequestURI", "ClientRequestPath"),
        "server.address": ("ClientRequestHost", "ClientRequestHTTPHost"),
        "url.scheme": ("ClientRequestScheme",),
        "http.response.status_code": ("EdgeResponseStatus",),
        "http.response.body.size": ("EdgeResponseBytes",),
        "user_agent.original": ("ClientRequestUserAgent", "UserAgent"),
        "client.address": ("ClientIP",),
        "cloudflare.ray_id": ("RayID", "RayName"),
        "cloudflare.outcome": ("Outcome",),
    },
    status=200,
    max_bytes=16 << 20,
)  # fmt: skip

TAIL = Shape(
    name="cloudflare_tail",
    summary="Cloudflare Tail Workers: the array that `tail(events)` gets, passed on with `fetch`",
    paths=("/cloudflare/tail",),
    slots={
        Slot.TIME: ("timestamp", "eventTimestamp", "EventTimestampMs"),
        Slot.BODY: ("message",),
        Slot.SEVERITY: ("level",),
    },
    resource={
        "service.name": ("scriptName",),
        "service.version": ("scriptVersion.id",),
        "cloudflare.dispatch_namespace": ("dispatchNamespace",),
    },
    attributes={
        "exception.type": ("name",),
        "exception.stacktrace": ("stack",),
        "http.request.method": ("event.request.method",),
        "url.full": ("event.request.url",),
        "http.response.status_code": ("event.response.status",),
        "cloudflare.ray_id": ("event.request.headers.cf-ray",),
        "cloudflare.outcome": ("outcome",),
        "cloudflare.entrypoint": ("entrypoint",),
    },
    status=200,
)
