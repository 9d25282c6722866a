"""Loggers and programs in a line of text: the layouts that loggers have by default, and the heads of syslog.

Sources: the documents of Logback, Log4j, Spring Boot, java.util.logging, Tomcat's JULI, Hadoop, Python's logging, loguru,
tracing, env_logger, Monolog, Serilog, .NET's console, NLog, Nest, Ruby's Logger, JBoss, Kafka, Elasticsearch; RFC 3164 and 5424.
"""

from __future__ import annotations

import re

from processors.categorize.forms import Form

_TIME = r"\[?(?:\d{4}[-/]\d\d[-/]\d\d[T ])?\d\d:\d\d:\d\d[^\s\]|]*(?: [A-Z]{3,4})?\]?"
_DATE_TIME = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.,]\d+"
_LEVEL = r"(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|SEVERE|CRITICAL|FATAL|FINE|FINER|FINEST|CONFIG)"
_DOTTED = r"[A-Za-z_][\w$]*(?:\.[\w$]+)+"
_NAME = r"[A-Za-z_][\w$]*(?:\.[\w$]+)*"

LOGGERS: tuple[Form, ...] = (
    Form("logger of Spring Boot", rf"^{_TIME} +{_LEVEL} +\d+ --- (?:\[[^\]]*\] ?)*({_NAME}) +: "),
    Form("logger of Logback", rf"^{_TIME}(?: +\[[^\]]*\])? +\[?{_LEVEL}\]? +(?:\[[^\]]*\] +)?({_NAME}) +- "),
    Form(
        "logger of Log4j",
        rf"^(?:{_TIME}|\d{{6}} \d{{6}} \d+)(?: +\[[^\]]*\])? +{_LEVEL} +(?:\[[^\]]*\] +)?({_DOTTED}): ",
    ),
    Form("class of Log4j", rf"^{_TIME} +{_LEVEL} +\[[^\]]*\] +([A-Z]\w*[a-z][A-Z]\w*): ", "class"),
    Form("logger of JBoss", rf"^{_TIME} +{_LEVEL} +\[({_NAME})\] \("),
    Form("logger of Kafka", rf"^\[{_DATE_TIME}\] +{_LEVEL} [^\n]*\(((?:[a-z_]\w*\.)+[A-Z][\w$]*)\)(?:\n|$)"),
    Form("logger of Elasticsearch", rf"^\[{_DATE_TIME}\]\[{_LEVEL} *\]\[({_NAME}) *\] "),
    Form("logger of env_logger", rf"^\[(?:\d{{4}}-\d\d-\d\dT[\d:.]+Z +)?{_LEVEL} +(\w+(?:::\w+)*)\] "),
    Form("logger of tracing", rf"^\d{{4}}-\d\d-\d\dT[\d:.]+Z +{_LEVEL} +(?:\w+\{{[^}}]*\}}: ?)*(\w+(?:::\w+)*): "),
    Form("logger of tracing", rf"^(?:{_TIME} +)?{_LEVEL} +(\w+(?:::\w+)+): "),
    Form("logger of Python", rf"^{_TIME} - ({_NAME}) - {_LEVEL} - "),
    Form("logger of Python", rf"^{_LEVEL}:({_NAME}):"),
    Form("logger of Python", rf"^{_LEVEL}:? +({_DOTTED}): "),
    Form("logger of loguru", rf"^{_TIME} \| +[A-Z]+ +\| ({_NAME}):[\w<>]+:\d+ - "),
    Form("channel of Monolog", r"^\[[^\]]{10,40}\] ([\w-]+)\.[A-Z]{4,9}: ", "channel"),
    Form("logger of Serilog", rf"^\[{_TIME} [A-Z]{{3}}\] [<\[]({_NAME})[>\]]"),
    Form("logger of .NET", r"^(?:trce|dbug|info|warn|fail|crit): ([A-Za-z_][\w.`+]*)\[\d+\]"),
    Form("logger of NLog", rf"^{_TIME}\|{_LEVEL}\|({_NAME})\|"),
    Form("class of java.util.logging", rf"^\w{{3}} \d\d?, \d{{4}} [\d:]+ [AP]M ({_NAME}) [\w<>$]+\n"),
    Form("class of JULI", rf"^\d\d-\w{{3}}-\d{{4}} [\d:.]+ [A-Z]+ \[[^\]]*\] ({_DOTTED})\.[\w<>$]+ "),
    Form("context of Nest", rf"^\[Nest\] \d+ +- .{{0,40}}? +{_LEVEL} +\[(\w+)\] "),
    Form("context of Nest", r"^\[Nest\] \d+ +- .{0,40}? +(?:LOG|VERBOSE) +\[(\w+)\] "),
    Form("program of Ruby's Logger", rf"^[DIWEFA], \[\d{{4}}-[^\]]*\] +{_LEVEL} -- ([\w:.-]+): "),
)

PROGRAMS: tuple[Form, ...] = (
    Form("program of RFC 3164", r"^(?:<\d{1,3}>)?\w{3} [ \d]\d \d\d:\d\d:\d\d \S+ ([\w./-]+)(?:\[\d+\])?: "),
    Form("program of RFC 5424", r"^<\d{1,3}>\d{1,2} \S+ \S+ ([\w./-]+) \S+ \S+ "),
    Form("program of a syslog file", r"^(?:<\d{1,3}>)?\d{4}-\d\d-\d\dT\S+ \S+ ([\w./-]+)\[\d+\]: "),
    Form("program of a syslog file", r"^(?:<\d{1,3}>)?\d{4}-\d\d-\d\dT\S+ \S+ (kernel): "),
    Form("program before its number", r"^([A-Za-z][\w./-]*)\[\d+\]: "),
)

ENVIRONMENTS = frozenset({"local", "production", "staging", "testing", "development"})
"""Channels that Laravel names after its environment."""
CHANNEL_MARKS = tuple(f"] {name}." for name in sorted(ENVIRONMENTS))
_ENVIRONMENT = r"^\[[^\]]{10,40}\] ([a-z]+)\.[A-Z]{4,9}: "
LARAVEL = (Form("channel of Laravel", _ENVIRONMENT, "environment"),)

_NO_PROGRAM = frozenset({"-", "app", "main", "message", "last", "python", "python3", "node", "java", "sh", "bash"})


def program(name: str) -> str | None:
    """A program by its name or path: `/usr/sbin/CRON` → `CRON`, `postfix/smtpd` → `postfix`."""
    plain = re.sub(r"\[\d*\]?:?$", "", name.strip())
    parts = [part for part in plain.split("/") if part]
    if not parts:
        return None
    found = parts[-1] if plain.startswith("/") else parts[0]
    return None if found.lower() in _NO_PROGRAM or not found[0].isalpha() else found[:64]


def environment(channel: str) -> str | None:
    """The environment that Laravel named its channel after."""
    return channel if channel in ENVIRONMENTS else None
