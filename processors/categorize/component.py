"""`logboom.component`: the part of the software that speaks, such as `AuthValidator` or `DataService`.

Clues, best first: the class in `code.function.name`, `code.namespace`, the logger's name (an attribute or the scope),
the module in a function's qualified name, the program of syslog, the logger in a JSON body, the innermost frame of the
application in a stack trace, the source file, the service, the logger in the layout of a line. Of a library that is known by its name, such as
`urllib3.connectionpool`, that name is the component, unless a class is named. A name is reduced to its class or its last module, with generated parts (`$Proxy12`, `<lambda>`,
`worker-17`) taken off and names that say nothing (`http`, `access`) passed over, so that the number of components stays near the number of classes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from collector.columns.dictionary import Coded
from collector.columns.memo import each
from collector.lines.stack_traces import application_frame
from processors.categorize import layouts
from processors.categorize.forms import Forms
from processors.categorize.libraries import LIBRARIES
from processors.categorize.view import Clue, View

FUNCTIONS = ("code.function.name", "code.function", "code.namespace")
LOGGERS = (
    "logger.name",
    "logger",
    "log.logger",
    "logger_name",
    "loggerName",
    "log.logger.name",
    "LoggerName",
    "CategoryName",
    "dotnet.ilogger.category",
    "component",
    "module",
)
FILES = ("code.file.path", "code.filepath", "code.file.name", "log.origin.file.name")
PROGRAMS = (
    "syslog.appname",
    "appname",
    "app_name",
    "SYSLOG_IDENTIFIER",
    "syslog.identifier",
    "log.syslog.appname",
    "syslog.program",
    "programname",
    "ident",
)
ALL = (*FUNCTIONS, *LOGGERS, *PROGRAMS, *FILES, "thread.name")
MAX_LENGTH = 64

_INSTRUMENTATION = re.compile(
    r"^(@opentelemetry/|opentelemetry[./-]|io\.opentelemetry|OpenTelemetry|go\.opentelemetry|otelcol|"
    r"github\.com/.*/(otel|contrib)|root$|__main__$|default$|winston$|pino$|bunyan$|slog$|zap$|logrus$|unknown|py\.warnings$)",
    re.IGNORECASE,
)
_GENERATED = re.compile(
    r"(\$\$?(Lambda|Proxy|EnhancerBySpringCGLIB|FastClass)[^.]*|\$\d+|\$\$[^.]*|<[^>]*>|\(\*?|\)|`\d+|-fm$)"
)
_NUMBERED = re.compile(r"[-_#]\d+$")
_IDENTITY = re.compile(r"@[0-9a-f]{3,8}$")  # of a Java object: Cart@1f3c
_SEPARATOR = re.compile(r"::|[./\\$+#]|->")
_CLASS = re.compile(r"^[A-Z][A-Za-z0-9]*[a-z][A-Za-z0-9]*$")
_IDENTIFIER = re.compile(r"^[A-Za-z_@][\w@ -]*$")
_NOT_A_NAME = frozenset(
    [
        "anonymous",
        "module",
        "main",
        "lambda",
        "init",
        "call",
        "new",
        "eval",
        "object",
        "__init__",
        "__call__",
        "index",
        "locals",
        "func",
        "app",
        "src",
        "lib",
        "core",
        "task",
        "srv",
        "opt",
        "code",
        "workspace",
        "server",
        "mod",
    ]
)
_ENTRY_FILES = frozenset({"index", "__init__", "mod"})
"""Files that speak for their folder, unless that is where a program was put."""
_DEPLOYED_TO = frozenset(
    [
        "node",
        "nodejs",
        "current",
        "release",
        "releases",
        "deploy",
        "deployment",
        "www",
        "html",
        "public",
        "dist",
        "build",
    ]
)
_PACKAGE = re.compile(r"(?:site|dist)-packages/(\w+)|.*node_modules/(?:@[\w.-]+/)?([\w.-]+)/")
_LIBRARY_ROOT = re.compile(r"^(\w+)(?:\.|::)")
_GENERIC = frozenset(
    ["http", "https", "access", "error", "client", "router", "log", "logs", "logger", "slow", "handler", "runtime"]
)
"""Names that many programs give to a part of theirs: the module before them says more, and else the service."""
_BUILT_IN = frozenset({"Object", "Module", "Promise", "Function", "Array", "Runtime"})


def _parts(value: str) -> list[str]:
    plain = _GENERATED.sub(" ", value).replace("<locals>", " ")
    parts = [part.strip(" _") for part in _SEPARATOR.split(_IDENTITY.sub("", plain))]
    return [part for part in parts if (part and not part.startswith("func")) or _CLASS.match(part)]


def class_in(value: str) -> str | None:
    """The innermost class in a qualified name: `com.shop.AuthValidator` → `AuthValidator`."""
    return _innermost(_parts(value))


def class_of_function(value: str) -> str | None:
    """The class of a qualified function: `Acme.Shop.PriceService.Total` → `PriceService`; a lone name may be one."""
    parts = _parts(value)
    return _innermost(parts[:-1] if len(parts) > 1 else parts)


def _innermost(parts: list[str]) -> str | None:
    return next((_bounded(part) for part in reversed(parts) if _CLASS.match(part) and part not in _BUILT_IN), None)


def last_name(value: str) -> str | None:
    """The last module or class of a dotted name: `shop.billing.invoices` → `invoices`."""
    if _INSTRUMENTATION.match(value.strip()):
        return None
    found = class_in(value)
    if found is not None:
        return found
    return _library(value) or _last_telling(_parts(value))


def _library(value: str) -> str | None:
    root = _LIBRARY_ROOT.match(value.strip())
    return root[1] if root and root[1] in LIBRARIES else None


def module_of_function(value: str) -> str | None:
    """The module of a qualified function: `shop/payment.Charge` → `payment`; None for a bare name."""
    return _library(value) or _last_telling(_parts(value)[:-1])


def _last_telling(names: list[str]) -> str | None:
    telling = [name for name in names if _telling(name)]
    return _bounded(telling[-1]) if telling else None


def _telling(name: str) -> bool:
    return name.lower() not in _NOT_A_NAME and name.lower() not in _GENERIC and _IDENTIFIER.match(name) is not None


def file_stem(value: str) -> str | None:
    """`/srv/app/services/data_service.py` → `data_service`; `orders/index.ts` → `orders`; of a library its package."""
    package = _PACKAGE.search(value)
    if package is not None:
        return package[1] or package[2]
    parts = [part for part in re.split(r"[/\\]", value.split("?", maxsplit=1)[0]) if part]
    stem = re.sub(r"(\.(test|spec|min))?\.\w{1,5}$", "", parts[-1]) if parts else ""
    if stem in _ENTRY_FILES or stem in _GENERIC:
        return _last_telling([folder for folder in parts[-2:-1] if folder.lower() not in _DEPLOYED_TO])
    return _last_telling([stem])


def plain(value: str) -> str | None:
    """A service's name as it is, without the number of an instance."""
    name = _NUMBERED.sub("", value.strip())
    return None if not name or name.startswith("unknown_service") else name[:MAX_LENGTH]


def _bounded(name: str) -> str | None:
    short = _NUMBERED.sub("", name)[:MAX_LENGTH].strip(" -_")
    return short or None


def frame_component(trace: str) -> str | None:
    """The component of the innermost frame of the application, which is a function or a file."""
    frame = application_frame(trace)
    if frame is None:
        return None
    if re.search(r"\.(py|js|ts|tsx|mjs|rb|php|rs|go|cs|java|kt)$", frame):
        return file_stem(frame)
    return class_of_function(frame) or module_of_function(frame)


def _channel(name: str) -> str | None:
    return None if layouts.environment(name) else last_name(name)


def _class(name: str) -> str | None:
    return None if name.endswith(("Error", "Exception")) else last_name(name)


_layouts = Forms(layouts.LOGGERS, {"word": last_name, "channel": _channel, "class": _class})
_tags = Forms(layouts.PROGRAMS, {"word": layouts.program})
_program = each(layouts.program)
_class_of_function, _class_in, _last_name = each(class_of_function), each(class_in), each(last_name)
_module_of_function, _file_stem, _plain = each(module_of_function), each(file_stem), each(plain)
_frame_component = each(frame_component)


def clues(view: View, stacktrace: Coded | None = None) -> Iterator[Clue]:
    """See the module's text. `stacktrace`: what was found in the bodies."""
    yield from view.attribute_clues(FUNCTIONS[:2], _class_of_function)
    yield from view.attribute_clues(FUNCTIONS[2:], _class_in)
    yield from view.attribute_clues(("code.namespace",), _last_name)
    yield from view.attribute_clues(LOGGERS, _last_name)
    yield Clue("scope name", view.scope_name, _last_name)
    yield from view.attribute_clues(FUNCTIONS[:2], _module_of_function)
    yield from _programs(view)
    said = view.said("logger")
    if said is not None:
        yield Clue("logger in a JSON body", said, _last_name)
    yield from view.attribute_clues(("exception.stacktrace",), _frame_component)
    if stacktrace is not None:
        yield Clue("stack trace of the record", stacktrace, _frame_component)
    yield from view.attribute_clues(FILES, _file_stem)
    yield from view.resource_clues(("service.name",), _plain)
    yield Clue("logger in the line", view.text, _layouts)
    yield from view.resource_clues(("k8s.container.name", "process.executable.name"), _plain)


def _programs(view: View) -> Iterator[Clue]:
    yield from view.attribute_clues(PROGRAMS, _program)
    said = view.said("program")
    if said is not None:
        yield Clue("program in a JSON body", said, _program)
    yield Clue("program in the line", view.text, _tags)
