"""Configuration that an OpAMP server gives, laid over that of this machine: what it may say, and what it may not.

A remote server is not authority over this machine. It arranges pipelines and declares components of its own; what runs programs, reads or writes
files here, names the environment, or is declared here already, it may touch where the operator allowed that type, variable or file, and the
sections of the service's own hold what this machine says.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from collector.component import Kind
from collector.errors import Problem
from collector.registry import Registry
from collector.settings.ids import parse_id
from collector.settings.remote_reach import is_told_our_token, names_file, options, variable_named
from collector.settings.tree import Entry, Listing, Node, Place, Scalar, merge, plain, scalars
from collector.settings.tree import Mapping as Tree
from collector.settings.yaml_reader import Unreadable, read_yaml

CODE = "config/remote"
_SECTIONS = frozenset(kind.value for kind in Kind)
_SERVICE = {("pipelines",), ("extensions",), ("telemetry", "logs", "level")}
_VARIABLE = re.compile(r"\$\{(?:env:)?([A-Za-z_][A-Za-z0-9_]*)\}")
_NEVER = "opamp"
"""The link to the server is no matter of the server."""
_STRANGE, _LONGEST_NAME = re.compile(r"[^A-Za-z0-9._-]"), 64
_OF_LOGBOOM = ("collector.", "exporters.", "processors.")


@dataclass(frozen=True, slots=True)
class Remote:
    """A remote configuration.

    Args:
        files: name → YAML; merged in the order of their names.
        allow: types of components that it may declare or change whatever they do here.
        variables: of the environment, which it may name.
        may_name_files: files of this machine, too.
    """

    files: Mapping[str, str]
    allow: Collection[str] = ()
    variables: Collection[str] = ()
    may_name_files: bool = False


@dataclass(slots=True)
class Laying:
    """One remote configuration on its way over `local`, the tree of the files of this machine, before anything is expanded."""

    remote: Remote
    local: Tree
    registry: Registry
    problems: list[Problem] = field(default_factory=list)

    def laid(self) -> Tree:
        """Both together; what it may not say is in `problems`."""
        given = self._read()
        for section, entry in given.entries.items():
            if section in self.local.entries:
                self._whole(self.local.entries[section].node, entry, section)
            if not isinstance(entry.node, Tree):
                self._refuse(entry.place, f"{section}: it must be a mapping")
            elif section in _SECTIONS:
                self._components(Kind(section), entry.node)
            elif section == "service":
                self._service(entry.node, ())
            else:
                self._refuse(entry.place, f"{section}: a remote configuration has no such section")
        for _, scalar in scalars(given):
            self._expressions(scalar)
        together = merge(self.local, self._with_our_extensions(given))
        assert isinstance(together, Tree)
        return together

    def _read(self) -> Tree:
        merged: Node = Tree()
        for name, text in sorted(self.remote.files.items()):
            place = f"remote configuration {_STRANGE.sub('_', name)[:_LONGEST_NAME]}".rstrip()
            try:
                root = read_yaml(text, place)
            except Unreadable as error:
                self.problems += error.problems
                continue
            if isinstance(root, Tree):
                merged = merge(merged, root)
            elif not (isinstance(root, Scalar) and root.value is None):
                self._refuse(Place(place), "it must be a mapping of sections")
        assert isinstance(merged, Tree)
        return merged

    def _components(self, kind: Kind, section: Node) -> None:
        here = self._declared(kind)
        for name, entry in section.entries.items() if isinstance(section, Tree) else ():
            try:
                ident = parse_id(name)
            except ValueError:
                continue  # told with all else that is wrong with it
            same = str(ident) in here and plain(here[str(ident)]) == plain(entry.node)
            if not same:
                self._variables(f"{kind}.{ident}", entry.node)
            if self._allowed(kind, ident.type):
                continue
            reason = self._reason(kind, ident.type)
            if reason and not same:
                allowable = "" if ident.type == _NEVER else ident.type
                self._refuse(entry.place, f"{kind}.{ident} may not come from a server: {reason}", allowable)
            elif str(ident) in here and not same:
                self._refuse(
                    entry.place, f"{kind}.{ident} is declared on this machine, and stays as it is there", ident.type
                )
            elif not self.remote.may_name_files and not same:
                self._options(f"{kind}.{ident}", entry.node)

    def _declared(self, kind: Kind) -> dict[str, Node]:
        section = self.local.entries.get(kind.value)
        found = {}
        for name, entry in section.node.entries.items() if section and isinstance(section.node, Tree) else ():
            try:
                found[str(parse_id(name))] = entry.node
            except ValueError:
                continue
        return found

    def _allowed(self, kind: Kind, type_name: str) -> bool:
        factory = self.registry.find(kind, type_name)
        names = {type_name} if factory is None else {type_name, factory.name, *factory.aliases}
        return bool(names & set(self.remote.allow)) and _NEVER not in names

    def _reason(self, kind: Kind, type_name: str) -> str:
        factory = self.registry.find(kind, type_name)
        if factory is None:
            return ""  # there is none: told with all else
        if not factory.config.__module__.startswith(_OF_LOGBOOM):
            return "it is a plugin"
        return factory.local_reason

    def _options(self, name: str, node: Node) -> None:
        """Options that name files of this machine, or where its credentials go."""
        type_name = parse_id(name.partition(".")[2]).type
        for path, scalar in options(node, ()):
            if not isinstance(scalar.value, str) or not scalar.value:
                continue
            if names_file(path, scalar.value):
                said = ".".join((name, *path))
                self._refuse(
                    scalar.place, f"{said} names a file of this machine", hint="remote_config.files: true allows it"
                )
            elif is_told_our_token(type_name, path):
                said = ".".join((name, *path))
                self._refuse(scalar.place, f"{said} would be told the token of this machine", type_name)

    def _variables(self, name: str, node: Node) -> None:
        """Variables of the environment that options and operators name otherwise than by `${env:NAME}`."""
        for path, scalar in options(node, ()):
            if isinstance(scalar.value, str) and variable_named(path, scalar.value, self.remote.variables):
                said = ".".join((name, *path))
                hint = "remote_config.variables allows variables by name"
                self._refuse(scalar.place, f"{said} names a variable of the environment", hint=hint)

    def _whole(self, here: Node, given: Entry, path: str) -> None:
        """What comes from an expression here would be replaced as a whole."""
        if path == "service.pipelines" or not isinstance(given.node, Tree):
            return
        if isinstance(here, Scalar) and here.value is not None:
            self._refuse(given.place, f"{path} comes from an expression on this machine, and stays as it is")
        elif isinstance(here, Tree) and path.startswith("service"):
            for key, entry in given.node.entries.items():
                if key in here.entries:
                    self._whole(here.entries[key].node, entry, f"{path}.{key}")

    def _service(self, node: Node, path: tuple[str, ...]) -> None:
        for key, entry in node.entries.items() if isinstance(node, Tree) else ():
            below = (*path, key)
            if below in _SERVICE:
                continue
            if isinstance(entry.node, Tree) and any(allowed[: len(below)] == below for allowed in _SERVICE):
                self._service(entry.node, below)
            else:
                self._refuse(entry.place, f"service.{'.'.join(below)} is this machine's own")

    def _expressions(self, scalar: Scalar) -> None:
        if not isinstance(scalar.value, str) or "${" not in scalar.value:
            return
        for name in _VARIABLE.findall(scalar.value):
            if name not in self.remote.variables:
                hint = f"remote_config.variables: [{name}] allows it"
                self._refuse(scalar.place, f"the variable {name} of the environment may not be named", hint=hint)
        left = _VARIABLE.sub("", scalar.value)
        if "${" in left and not (self.remote.may_name_files and re.fullmatch(r"\$\{file:[^{}$]*\}", left)):
            hint = "write ${env:NAME}, without a default" + (
                "" if self.remote.may_name_files else "; remote_config.files: true allows ${file:…}"
            )
            self._refuse(scalar.place, "this expression may not stand in a remote configuration", hint=hint)

    def _with_our_extensions(self, given: Tree) -> Tree:
        """Its list of extensions, and those that run here: what guards this machine and links it to the server is not left out."""
        ours, theirs = _extensions(self.local), _extensions(given)
        if ours is None or theirs is None:
            return given
        named = {item.text for item in theirs.items if isinstance(item, Scalar)}
        joined = [*theirs.items, *(item for item in ours.items if isinstance(item, Scalar) and item.text not in named)]
        service = given.entries["service"]
        assert isinstance(service.node, Tree)
        listed = {"extensions": Entry(theirs.place, Listing(joined, theirs.place))}
        told = Tree({**service.node.entries, **listed}, service.node.place)
        return Tree({**given.entries, "service": Entry(service.place, told)}, given.place)

    def _refuse(self, place: Place, message: str, type_name: str = "", hint: str = "") -> None:
        hint = hint or (f"remote_config.allow: [{type_name}] allows it" if type_name else "")
        self.problems.append(Problem(message, *place, code=CODE, hint=hint))


def _extensions(root: Tree) -> Listing | None:
    service = root.entries.get("service")
    entry = service.node.entries.get("extensions") if service and isinstance(service.node, Tree) else None
    if entry is None:
        return None
    if isinstance(entry.node, Listing):
        return entry.node
    texts = entry.node.text.split(",") if isinstance(entry.node, Scalar) and entry.node.value is not None else []
    return Listing([Scalar(text.strip(), entry.place, text.strip()) for text in texts if text.strip()], entry.place)
