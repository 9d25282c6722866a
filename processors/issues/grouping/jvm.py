"""Traces of the JVM: Java, Kotlin, Scala, Clojure, Android."""

from __future__ import annotations

import re
from collections.abc import Sequence

from processors.issues.grouping.frames import Frame, Trace

_FRAME = re.compile(r"^(?P<indent>\s*)at (?P<where>[^\s()]+)\((?P<file>[^()]*)\)")
_CAUSE = re.compile(r"^\s*Caused by: (?P<type>[\w.$]+)(?:: (?P<message>.*))?$")
_MORE = re.compile(r"^\s*\.\.\. (?P<n>\d+) (?:more|common frames omitted)")
_MODULE = re.compile(r"^(?:[\w.]*(?:@[\w.-]+)?/)+")
_MADE = re.compile(
    r"\$\$Lambda|\$\$(?:EnhancerBy|FastClassBy|Enhancer|SpringCGLIB|KeyFactoryBy)|_\$\$_javassist|\$Proxy\d+|GeneratedMethodAccessor"
    r"|GeneratedConstructorAccessor|\$r8\$lambda|ExternalSyntheticLambda|\$jacoco|MethodHandleImpl|LambdaForm|_COROUTINE|\$\$[DE]OVB"
)
"""Classes and methods that were made while it ran: their frames repeat the one below."""
_LAMBDA = (
    (re.compile(r"^lambda\$(?P<of>\w+?)\$\d+$"), r"\g<of>.lambda"),
    (re.compile(r"^\$anonfun\$(?P<of>\w+?)(?:\$\d+)*(?:\$adapted)?$"), r"\g<of>.lambda"),
    (re.compile(r"^(?P<of>\w+?)\$lambda(?:[$-]\d+)+$"), r"\g<of>.lambda"),
    (re.compile(r"^fn__\d+$"), "fn"),
)
_NUMBERS = re.compile(r"(?:\$+\d+)+(?=\$|$)|__\d+|(?<=\$)anon(?:fun)?\$(?=\d|$)")
_LIBRARY = re.compile(
    r"^(?:java|javax|jdk|jakarta|sun|kotlin|kotlinx|scala|akka|clojure|groovy|android|androidx|dalvik|play|zio|reactor|rx|okhttp3"
    r"|retrofit2|org\.(?:springframework|apache|hibernate|eclipse|jboss|junit|postgresql|mariadb|h2|slf4j|aspectj|glassfish|jooq|mybatis"
    r"|elasticsearch|mongodb|redisson|quartz|xnio|wildfly|codehaus|pekko|http4s)"
    r"|com\.(?:sun|zaxxer|mysql|android|fasterxml|microsoft\.sqlserver|oracle|datastax|lmax|typesafe|netflix|alibaba\.druid|mchange|ibm\.ws)"
    r"|com\.google\.(?:common|inject|gson|protobuf|android|firebase)|io\.(?:netty|grpc|micronaut|quarkus|vertx|undertow|reactivex|ktor"
    r"|opentelemetry|micrometer|lettuce|r2dbc)|oracle\.jdbc|ch\.qos|cats|redis\.clients)\."
)


def read(lines: Sequence[str], type_: str, message: str) -> Trace:
    """The root of the chain: what caused all others. `lines` from the first head on, whose type and message are given."""
    kinds, messages, stacks = [type_], [message], [list[Frame]()]
    indent: int | None = None
    aside = False
    for line in lines:
        if line.lstrip().startswith("Suppressed: "):
            aside = True
        elif (cause := _CAUSE.match(line)) and not (aside and line[:1].isspace()):
            kinds.append(cause["type"])
            messages.append(cause["message"] or "")
            stacks.append([])
            aside = False
        elif more := _MORE.match(line):
            if not aside and len(stacks) > 1:
                stacks[-1] += stacks[-2][-int(more["n"]) :]
        elif found := _FRAME.match(line):
            indent = len(found["indent"]) if indent is None else indent
            if not aside or len(found["indent"]) <= indent:
                stacks[-1].append(_frame(found["where"]))
    frames = [frame for frame in stacks[-1] if frame.function]
    return Trace("java", kinds[-1], messages[-1], frames, kinds[-2::-1])


def _frame(where: str) -> Frame:
    """Of `module/package.Class.method`; without function where the class was made while it ran."""
    if _MADE.search(where):
        return Frame("", "")
    place, _, function = _MODULE.sub("", where).rpartition(".")
    for pattern, said in _LAMBDA:
        function = pattern.sub(said, function)
    return Frame(_NUMBERS.sub("", function), _NUMBERS.sub("", place).rstrip("$"), not _LIBRARY.match(place + "."))
