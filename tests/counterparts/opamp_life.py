"""The life of a logboom that an OpAMP server manages, played to whichever server there is: what both tests of it have in common."""

from __future__ import annotations

from pathlib import Path

from collector.testing.service import Service
from counterparts.opamp import PATH, Agent, OpampServer, awaited

SECRET = "our-own-secret"
TOKEN = "let-me-in"
CONFIG = """
receivers: {{otlp: {{protocols: {{http: {{endpoint: "127.0.0.1:{http}"}}}}}}}}
exporters:
  sqlite: {{}}
  otlp_http/ours: {{endpoint: "http://127.0.0.1:9", headers: {{x-key: our-own-secret}}}}
extensions:
  health_check: {{endpoint: "127.0.0.1:{health}"}}
  bearertokenauth/server: {{token: let-me-in}}
  opamp:
    server: {{TRANSPORT: {{endpoint: "TRANSPORT://ADDRESS/v1/opamp", auth: bearertokenauth/server, POLLING}}}}
    capabilities: {{accepts_remote_config: true, accepts_restart_command: true}}
    remote_config: {{files: true}}
    agent_description: {{include_resource_attributes: true, non_identifying_attributes: {{role: gateway}}}}
service:
  extensions: [health_check, bearertokenauth/server, opamp]
  telemetry: {{resource: {{deployment.environment.name: test}}, metrics: {{level: none}}}}
  journal: {{max_bytes: 64MiB}}
  ledger: {{max_bytes: 64MiB, partitions: 1}}
  pipelines: {{logs: {{receivers: [otlp], exporters: [sqlite]}}}}
"""
WITH_DEBUG = "exporters: {debug: {}}\nservice: {pipelines: {logs: {exporters: [sqlite, debug]}}}\n"
WITHOUT_TOKEN = """
extensions: {bearertokenauth/lost: {filename: /nonexistent/token}}
exporters: {otlp_http/theirs: {endpoint: "http://127.0.0.1:9", auth: {authenticator: bearertokenauth/lost}}}
service: {extensions: [bearertokenauth/lost], pipelines: {logs: {exporters: [sqlite, otlp_http/theirs]}}}
"""
"""Right as far as it can be read, and no worker starts with it."""
WRONG = "exporters: {otlp_http/theirs: {endpont: x}}\nservice: {pipelines: {logs: {exporters: [otlp_http/theirs]}}}\n"
FORBIDDEN = "exporters: {command: {commands: {}}}\nservice: {security: {strict: false}}\n"


def managed(folder: Path, server: OpampServer, transport: str) -> Service:
    """A logboom that is told where the server is; not started."""
    polling = "polling_interval: 500ms" if transport == "http" else "headers: {{}}"
    config = CONFIG.replace("TRANSPORT", transport).replace("ADDRESS", server.address).replace("POLLING", polling)
    assert PATH in config
    return Service(folder, config=config)


def reports_itself(server: OpampServer) -> None:
    """Who it is, how it does, what it runs."""
    agent = awaited(server, lambda agent: agent.said.health.healthy)
    known = {each.key: each.value.string_value for each in agent.said.agent_description.identifying_attributes}
    others = {each.key: each.value.string_value for each in agent.said.agent_description.non_identifying_attributes}
    assert known["service.name"] == "logboom"
    assert {"role": "gateway", "deployment.environment.name": "test", "os.type": "linux"}.items() <= others.items()
    pipeline = agent.said.health.component_health_map["pipeline:logs"]
    assert set(pipeline.component_health_map) == {"receiver:otlp", "exporter:sqlite"}
    assert "otlp_http/ours" in agent.effective
    assert SECRET not in agent.effective
    assert TOKEN not in agent.effective


def offered(server: OpampServer, name: str, text: str, status: str) -> Agent:
    """Offer one, and wait for what becomes of it."""
    server.offer(name, text)
    return awaited(server, lambda agent: agent.remote[:2] == (name, status), 180.0)


def takes_what_is_good(server: OpampServer) -> None:
    """And says what runs then."""
    offered(server, "good", WITH_DEBUG, "APPLIED")
    awaited(server, lambda agent: "debug" in agent.effective and agent.said.health.healthy)


def refuses_what_is_wrong(server: OpampServer) -> None:
    """What ran before runs."""
    assert 'no option "endpont"' in offered(server, "wrong", WRONG, "FAILED").remote[2]
    told = offered(server, "forbidden", FORBIDDEN, "FAILED").remote[2]
    assert "it runs programs" in told
    assert "service.security is this machine's own" in told


def takes_back_what_does_not_start(server: OpampServer, service: Service) -> None:
    """Its children took over, and were not ready."""
    agent = offered(server, "breaks", WITHOUT_TOKEN, "FAILED")
    assert "/nonexistent/token cannot be read" in agent.remote[2]
    service.await_ready()
    agent = awaited(server, lambda agent: agent.said.health.healthy and "bearertokenauth/lost" not in agent.effective)
    assert "sqlite" in agent.effective


def killed_meanwhile_takes_it_afterwards(server: OpampServer, service: Service) -> None:
    """What was under way is nothing after a start, and is offered again."""
    server.offer("later", WITH_DEBUG + "# once more\n")
    awaited(server, lambda agent: agent.remote[0] == "later")
    service.kill()
    service.start()
    service.await_ready()
    awaited(server, lambda agent: agent.remote[:2] == ("later", "APPLIED") and "debug" in agent.effective, 180.0)


def survives_a_restart(server: OpampServer, service: Service) -> None:
    """Under the same id, with what the server gave."""
    [before] = server.agents()
    assert service.terminate() == 0
    awaited(server, lambda agent: agent.left)
    service.start()
    service.await_ready()
    agent = awaited(server, lambda agent: not agent.left and agent.said.health.healthy and "debug" in agent.effective)
    assert agent.uid.hex() == before
    assert list(server.agents()) == [before]
