"""OTLP requests, one at a time, to a Collector's otlp receiver."""

from __future__ import annotations

import urllib.error
import urllib.request

import orjson

from otlp_wire import json_to_protobuf


def post(port: int, request: dict) -> int:
    """Status of an OTLP/HTTP request."""
    body = json_to_protobuf(orjson.dumps(request))
    headers = {"Content-Type": "application/x-protobuf"}
    sent = urllib.request.Request(f"http://127.0.0.1:{port}/v1/logs", body, headers, method="POST")
    try:
        with urllib.request.urlopen(sent, timeout=30) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        with error:
            return error.code
