"""`logboom.source_type`: which kind of software wrote the record.

- `ui`: code on a user's device. Browser and mobile SDKs, `browser.*`, `session.id`, `device.*`, page events, and
  services that call themselves frontend, web-ui, app for ios or android.
- `backend`: ready-made software that applications stand on. Databases, caches, queues, web servers, proxies, runtimes,
  orchestration, operating systems; told by product names in service, scope or file, and by the form of their lines.
- `logic`: application and domain code; everything that is neither.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import numpy as np
import re2

from collector.columns.dictionary import constant, encode
from collector.columns.memo import Memo, each
from processors.categorize.view import Clue, View, always

UI, LOGIC, BACKEND = "ui", "logic", "backend"

UI_ATTRIBUTES = ("session.id", "browser.name", "browser.page.url", "screen.name", "app.screen.name", "view.name")
UI_RESOURCE = (
    "browser.brands",
    "browser.platform",
    "browser.language",
    "browser.mobile",
    "device.model.identifier",
    "device.id",
)
BACKEND_ATTRIBUTES = (
    "syslog.appname",
    "SYSLOG_IDENTIFIER",
    "_SYSTEMD_UNIT",
    "k8s.event.reason",
    "k8s.event.uid",
    "winlog.event_id",
    "winlog.channel",
    "systemd.unit",
    "syslog.facility",
    "journald.unit",
    "log.syslog.facility.code",
)
NAME_KEYS = ("service.name", "k8s.container.name", "container.name", "container.image.name", "process.executable.name")
BACKEND_RESOURCE = ("k8s.object.kind", "winlog.channel")
FILE_KEYS = ("log.file.path", "log.file.name")

_UI_WORDS = frozenset(
    [
        "ui",
        "frontend",
        "webui",
        "spa",
        "browser",
        "web-ui",
        "web-frontend",
        "webapp",
        "web-app",
        "mobile",
        "ios",
        "android",
        "client-app",
        "storefront-web",
        "react",
        "angular",
        "vue",
        "swiftui",
        "flutter",
    ]
)
_BACKEND_WORDS = frozenset(
    [
        "postgres",
        "postgresql",
        "pgbouncer",
        "mysql",
        "mysqld",
        "mariadb",
        "mongodb",
        "mongod",
        "mongo",
        "redis",
        "valkey",
        "memcached",
        "kafka",
        "zookeeper",
        "rabbitmq",
        "nats",
        "pulsar",
        "activemq",
        "elasticsearch",
        "opensearch",
        "solr",
        "cassandra",
        "scylla",
        "clickhouse",
        "influxdb",
        "cockroachdb",
        "etcd",
        "consul",
        "vault",
        "nginx",
        "apache",
        "httpd",
        "haproxy",
        "envoy",
        "traefik",
        "caddy",
        "ingress",
        "varnish",
        "squid",
        "istio",
        "linkerd",
        "kubelet",
        "containerd",
        "dockerd",
        "docker",
        "coredns",
        "kube-apiserver",
        "kube-scheduler",
        "kube-proxy",
        "kube-controller-manager",
        "systemd",
        "sshd",
        "cron",
        "crond",
        "kernel",
        "postfix",
        "dovecot",
        "bind",
        "named",
        "rsyslogd",
        "journald",
        "prometheus",
        "grafana",
        "otelcol",
        "otelcol-contrib",
        "fluentd",
        "fluentbit",
        "logstash",
        "minio",
        "ceph",
        "tomcat",
        "jetty",
        "sqlserver",
        "mssql",
        "oracle",
        "db2",
        "neo4j",
        "keycloak",
        "unbound",
        "iptables",
        "auditd",
        "gunicorn",
        "php-fpm",
        "hadoop",
        "namenode",
        "datanode",
        "hdfs",
        "catalina",
        "smartd",
        "dhclient",
        "sudo",
    ]
)
_UI_LANGUAGES = frozenset({"webjs", "swift", "objc", "dart"})
_MOBILE_OS = frozenset({"ios", "ipados", "android"})
_UI_SCOPE = re.compile(
    r"instrumentation-(document-load|user-interaction|web-|browser-)|@opentelemetry/browser|opentelemetry\.android"
)
_PRODUCT_LOG = re.compile(r"^([\w-]+)[./](?:access|error|errors|slow|slowlog|audit|general|log)$")
"""A log that a server keeps, as a scope: `nginx.access`; not `redis.client`, which is a library of an application."""
_EVENTS = re.compile(r"^(browser|device|app\.(screen|widget|click)|session|page)\b")
_SPLIT = re.compile(r"[/:@.\s]+")
_DIGITS = re.compile(r"[-_]?\d+$")

BACKEND_BODY = (
    r'^\S+ \S+ \S+ \[[^\]]+\] "[A-Z]+ \S+ HTTP/'  # common and combined access logs
    r"|^[IWEF]\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ \S+:\d+\]"  # klog
    r"|^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[(?:emerg|alert|crit|error|warn|notice|info|debug)\] \d+#\d+:"  # nginx
    r"|^\[\w{3} \w{3} +\d+ \d\d:\d\d:\d\d(?:\.\d+)? \d{4}\] \[[\w:]*(?:error|warn|notice|info|crit|emerg|alert|debug)\]"  # apache
    r"|^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)? \w+ \[\d+\](?: \S+)? (?:LOG|ERROR|FATAL|PANIC|WARNING|NOTICE|DETAIL|HINT|STATEMENT):"  # postgres
    r"|^\d+:[MSCX] \d\d \w{3} \d{4} \d\d:\d\d:\d\d\.\d+ [.\-*#] "  # redis
    r"|^<\d{1,3}>1? ?(?:\d{4}-|\w{3} +\d)"  # syslog
    r"|^\d{4}-\d\d-\d\dT\S+ \d+ \[(?:Note|Warning|ERROR|System)\] "  # mysql
    r"|^\w{3} [ \d]\d \d\d:\d\d:\d\d \S+ [\w./-]+(?:\[\d+\])?: "  # syslog of RFC 3164 in a file
    r"|^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+[+-]\d\d:\d\d \S+ (?:kernel|[\w./-]+\[\d+\]): "  # rsyslog, journalctl
    r"|^(?:sshd|systemd(?:-\w+)?|CRON|kernel|sudo|su|dhclient|postfix/\w+)\[\d+\]: "  # the program's tag alone
    r"|^\[ *\d+\.\d{6}\] "  # the kernel's ring buffer
    r"|^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4}\] \[\d+\] \[[A-Z]+\] "  # gunicorn
    r"|^\[\d\d-\w{3}-\d{4} \d\d:\d\d:\d\d(?:\.\d+)?\] (?:NOTICE|WARNING|ERROR|ALERT|DEBUG): "  # php-fpm
    r"|^\[[\d.,]+m?s\](?:\[[\w,]+ *\])+ "  # the JVM's unified log
    r"|^(?:[\d.:T+-]+: )?\[(?:Full )?GC "  # its older one
    r"|^#\n# A fatal error has been detected by the Java Runtime "  # and its last words
    r"|^\[\d{4}-\d\d-\d\d [\d:]+,\d+\] [A-Z]+ [^\n]*\((?:org\.apache\.)?(?:kafka|zookeeper)\.[\w.$]+\)(?:\n|$)"  # Kafka
    r"|^\[\d{4}-\d\d-\d\dT[\d:]+,\d+\]\[[A-Z]+ *\]\[[\w.$]+ *\] \[[^\]\n]+\] "  # Elasticsearch, OpenSearch
    r"|^\d{4}-\d\d-\d\d [\d:.]+[+-]\d\d:\d\d \[\w+\] <\d+\.\d+\.\d+> "  # RabbitMQ
    r"|^\d\d-\w{3}-\d{4} \d\d:\d\d:\d\d\.\d+ [A-Z]+ \[[^\]]*\] org\.apache\."  # Tomcat
    r"|^(?:\d{4}-\d\d-\d\d |\d{6} )[\d:,]+ (?:\d+ )?[A-Z]+ (?:\[[^\]]*\] )?(?:org\.apache\.(?:hadoop|zookeeper|hbase|kafka|catalina|coyote|spark|flink)|dfs\.)"
    r"|^(?:\w+ )?\d{4}-\d\d-\d\dT[\d:.]+Z \S+ [\d.:a-f\[\]]+:\d+ \S+(?: [\d.-]+){3} (?:\d{3}|-) (?:\d{3}|-) "  # AWS load balancers
    r"|\S+:\d+ \[\d\d/\w{3}/\d{4}:[\d:.]+\] \S+ \S+ [\d/+-]+ -?\d+ \d+ "  # HAProxy
)
_INFRASTRUCTURE = re2.Set.SearchSet()
_INFRASTRUCTURE.Add(BACKEND_BODY)
_INFRASTRUCTURE.Compile()


def by_name(value: str) -> str | None:
    """The type told by the name of a service, container, image or program."""
    for word in _SPLIT.split(value.lower()):
        plain = _DIGITS.sub("", word)
        if plain in _BACKEND_WORDS or (plain.split("-")[0] in _BACKEND_WORDS and plain.count("-") <= 1):
            return BACKEND
        if plain in _UI_WORDS or _UI_WORDS.intersection(re.split(r"[-_]", plain)):
            return UI
    return None


def by_scope(value: str) -> str | None:
    """The type told by the name of a scope: a library of browsers, or the log of a server."""
    if _UI_SCOPE.search(value):
        return UI
    log = _PRODUCT_LOG.match(value.lower())
    return BACKEND if log is not None and log[1] in _BACKEND_WORDS else None


def by_file(value: str) -> str | None:
    """The type told by the path of a log file."""
    if value.startswith("/var/log/"):
        words = re.split(r"[/._-]+", value.removeprefix("/var/log/"))
        system = {"syslog", "messages", "auth", "secure", "kern", "mail", "audit", "dmesg"}
        return BACKEND if _BACKEND_WORDS.intersection(words) or system.intersection(words[:1]) else None
    return None


def _says(test: Callable[[str], object], answer: str) -> Memo[str, str | None]:
    """The answer for each value that passes a test."""

    def says(value: str) -> str | None:
        return answer if test(value) else None

    return each(says)


def _in_body(bodies: list[str]) -> list[str | None]:
    return [BACKEND if _INFRASTRUCTURE.Match(body.encode()) else None for body in bodies]


_by_name, _by_file = each(by_name), each(by_file)
_by_language = _says(lambda value: value.lower() in _UI_LANGUAGES, UI)
_by_os = _says(lambda value: value.lower() in _MOBILE_OS, UI)
_by_scope, _by_event = each(by_scope), _says(_EVENTS.match, UI)
_by_body = Memo(_in_body)


def _present(view: View, keys: tuple[str, ...], answer: str) -> Iterator[Clue]:
    for key in keys:
        column = view.has(key)
        if column is not None:
            yield Clue(f"attribute {key}", column, always(answer))


def clues(view: View) -> Iterator[Clue]:
    """Device evidence first, then infrastructure, then application code, which is also the default."""
    yield from view.resource_clues(("telemetry.sdk.language",), _by_language)
    yield from view.resource_clues(UI_RESOURCE, always(UI))
    yield from view.resource_clues(("os.name",), _by_os)
    yield from _present(view, UI_ATTRIBUTES, UI)
    yield Clue("scope name", view.scope_name, _by_scope)
    yield Clue("event name", encode(view.batch.column("event_name")), _by_event)
    yield from view.resource_clues(NAME_KEYS, _by_name)
    yield from view.resource_clues(BACKEND_RESOURCE, always(BACKEND))
    yield from _present(view, BACKEND_ATTRIBUTES, BACKEND)
    yield from view.attribute_clues(("appname",), _by_name)
    yield from view.attribute_clues(FILE_KEYS, _by_file)
    yield from view.resource_clues(FILE_KEYS, _by_file)
    yield from view.resource_clues(("telemetry.sdk.language",), always(LOGIC))
    yield from _present(view, ("code.function.name", "code.function", "code.namespace", "code.file.path"), LOGIC)
    served = view.said("server")
    if served is not None:
        yield Clue("fields of a server's log", served, always(BACKEND))
    yield Clue("form of the body", view.text, _by_body)
    yield Clue("default", constant(np.ones(len(view), dtype=np.bool_), LOGIC))
