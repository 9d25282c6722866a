"""Options of `splunk_hec`: otelcol's names, what is refused and why, and that the token never shows."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from exporters.splunk_hec.config import SplunkHecConfig

LEAST = {"endpoint": "https://splunk:8088", "token": "s3cret"}
REFUSED = {
    "no endpoint": ({"endpoint": ""}, 'requires a non-empty "endpoint"'),
    "no token": ({"token": ""}, 'requires a non-empty "token"'),
    "a token over two lines": ({"token": "s3cret\nX-Other: 1"}, "a character that no header can carry"),
    "nothing to send": ({"log_data_enabled": False, "profiling_data_enabled": False}, "has to be true"),
    "a compression that HEC does not take": ({"compression": "zstd"}, "compression must be gzip or none"),
    "larger than Splunk can take": ({"max_content_length_logs": 838860801}, "less than or equal to 838860800"),
    "larger events than Splunk can take": ({"max_event_size": 838860801}, "less than or equal to 838860800"),
    "the token in the clear": ({"endpoint": "http://splunk:8088"}, "would travel over http://"),
    "metadata under both names": (
        {"hec_metadata_to_otel_attrs": {}, "otel_attrs_to_hec_metadata": {}},
        "the old name of otel_attrs_to_hec_metadata",
    ),
    "an unknown option": ({"most_connections": 5}, "Extra inputs are not permitted"),
}


def config(**options) -> SplunkHecConfig:
    return SplunkHecConfig.model_validate({**LEAST, **options})


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name):
    """The error says what to write instead, and never the token."""
    options, reason = REFUSED[name]
    with pytest.raises(ValidationError, match=reason) as caught:
        config(**options)
    assert "s3cret" not in "".join(error["msg"] for error in caught.value.errors())


def test_everything_of_otelcol_is_taken():
    """A configuration of the OpenTelemetry Collector that names every option loads."""
    config(
        source="otel", sourcetype="otel", index="metrics", splunk_app_name="x", splunk_app_version="1",
        log_data_enabled=True, profiling_data_enabled=False, timeout="11s", disable_compression=False,
        max_content_length_logs=2097152, max_content_length_metrics=1, max_content_length_traces=1,
        max_event_size=5242880, use_multi_metric_format=True, health_path="/health", health_check_enabled=True,
        export_raw=False, heartbeat={"interval": "30s", "startup": True},
        telemetry={"enabled": True, "override_metrics_names": {"a": "b"}, "extra_attributes": {"k": "v"}},
        otel_to_hec_fields={"severity_text": "a", "severity_number": "b"},
        tls={"insecure_skip_verify": False}, sending_queue={"num_consumers": 2}, retry_on_failure={"enabled": True},
        max_idle_conns=100, max_idle_conns_per_host=100, idle_conn_timeout="10s",
        http2_read_idle_timeout="10s", http2_ping_timeout="10s",
    )  # fmt: skip


def test_the_token_never_shows():
    """Neither in a dump nor in a representation."""
    shown = config()
    assert "s3cret" not in repr(shown) + str(shown.model_dump()) + shown.model_dump_json()


URLS = {
    "without a path": ("https://splunk:8088", False, "https://splunk:8088/services/collector"),
    "with a slash": ("https://splunk:8088/", False, "https://splunk:8088/services/collector"),
    "as it stands": (
        "https://splunk:8088/services/collector/event",
        False,
        "https://splunk:8088/services/collector/event",
    ),
    "a gateway's own path": ("https://gateway/hec/1", False, "https://gateway/hec/1"),
    "raw, without a path": ("https://splunk:8088", True, "https://splunk:8088/services/collector/raw"),
    "raw, with the path of events": (
        "https://splunk/services/collector",
        True,
        "https://splunk/services/collector/raw",
    ),
    "raw, as it stands": (
        "https://splunk/services/collector/raw/1.0",
        True,
        "https://splunk/services/collector/raw/1.0",
    ),
}


@pytest.mark.parametrize("name", URLS)
def test_where_events_go(name):
    """The usual paths are filled in, others are kept."""
    endpoint, raw, url = URLS[name]
    assert config(endpoint=endpoint, export_raw=raw).url == url


def test_other_apis_stand_beside():
    """Health and acknowledgement are paths of the same server, whatever the events' path is."""
    made = config(endpoint="https://splunk:8088/services/collector/event?x=1")
    assert made.at(made.health_path) == "https://splunk:8088/services/collector/health"
    assert made.at(made.acknowledgement.path) == "https://splunk:8088/services/collector/ack"


def test_cookies_are_kept_for_acknowledgement():
    """A load balancer finds the indexer by them; whoever sets `cookies` decides."""
    assert not config().client.cookies.enabled
    assert config(acknowledgement={"enabled": True}).client.cookies.enabled
    assert not config(acknowledgement={"enabled": True}, cookies={"enabled": False}).client.cookies.enabled


def test_no_limit_of_an_attempt():
    """Calls have their own time, and waiting for the indexer too: delivery does not cut it short."""
    assert (config().timeout, config().attempt_timeout) == (10.0, 0.0)


def test_what_validate_says():
    """Whoever does not ask for acknowledgement is told what delivered means."""
    assert any("indexed" in note for note in config().notes())
    assert not list(config(acknowledgement={"enabled": True}).notes())


def test_a_word_is_where_records_wait():
    """The Collector starts with a template's CHANGEME, so this does, and says it; an address whose scheme was forgotten is refused."""
    made = config(endpoint="CHANGEME")
    assert made.url == "https://CHANGEME/services/collector"
    assert "records wait until a machine of that name answers at https://CHANGEME" in made.cautions()["endpoint"]
    assert config(endpoint="https://splunk:8088").cautions() == {}
    for endpoint in ("splunk:8088", "splunk.example", "localhost/x", "-x", ""):
        with pytest.raises(ValueError):
            config(endpoint=endpoint)
