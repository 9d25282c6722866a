"""What `logboom run` is configured by: the files and values of this machine, and over them what an OpAMP server gave, where it may."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import yaml

from collector.errors import ConfigError, LogboomError
from collector.extensions.opamp.config import OpampConfig
from collector.extensions.opamp.folder import KeptConfig, OpampFolder, Outcome
from collector.settings.load import Loaded, read
from collector.settings.model import Settings
from collector.settings.redaction import without
from collector.settings.remote import Remote
from collector.settings.resolved import resolved

log = logging.getLogger("logboom.supervisor")

_NOT_ACCEPTED = "no extension opamp accepts remote configurations (capabilities.accepts_remote_config)"


class Configuration:
    """Read again whenever it is asked for.

    Args:
        sources, sets, strict_signals: as `collector.settings.load` takes them.
        root: the data directory.
    """

    def __init__(self, sources: Sequence[str], sets: Sequence[str], strict_signals: bool, root: Path) -> None:
        self._sources, self._sets, self._strict = sources, sets, strict_signals
        self.root = root
        self.folder = OpampFolder(root)

    def at_start(self) -> Settings:
        """What this machine says, and over it the last that was taken of a server's; without that where the two go together no more.

        Raises:
            ConfigError: what this machine says is wrong.
        """
        local = self._read(None)
        kept = self.folder.remote()
        if accepting(local) is None:
            return local
        with contextlib.suppress(OSError):
            self.folder.began()
        if kept is None:
            return local
        try:
            return self._together(local, kept)
        except ConfigError as error:
            log.error("the remote configuration is left out, for it is wrong by now: %s", told(error))
            with contextlib.suppress(OSError):
                self.folder.say(Outcome(kept.hash, "FAILED", told(error)))
            return local

    def left_out(self, why: str) -> Settings | None:
        """What this machine says alone, for both together do not start; None: there is nothing of a server's. Raises ConfigError."""
        local, kept = self._read(None), self.folder.remote()
        if kept is None or accepting(local) is None:
            return None
        log.error("the remote configuration is left out, for it does not start by now: %s", why)
        with contextlib.suppress(OSError):
            self.folder.say(Outcome(kept.hash, "FAILED", why))
        return local

    def again(self) -> Settings:
        """Both as they are now. Raises ConfigError."""
        local, kept = self._read(None), self.folder.remote()
        return local if kept is None or accepting(local) is None else self._together(local, kept)

    def with_offer(self, offer: KeptConfig) -> Settings:
        """With what a server offers in the place of what it gave before. Raises LogboomError."""
        local = self._read(None)
        if accepting(local) is None:
            raise LogboomError(_NOT_ACCEPTED)
        return self._together(local, offer)

    def _together(self, local: Settings, kept: KeptConfig) -> Settings:
        bounds = accepting(local)
        assert bounds is not None
        rules = bounds.remote_config
        return self._read(Remote(kept.files, rules.allow, rules.variables, rules.files))

    def _read(self, remote: Remote | None) -> Settings:
        loaded = read(self._sources, self._sets, strict_signals=self._strict, remote=remote)
        return replace(loaded.settings, effective=_shown(loaded)) if _reports(loaded.settings) else loaded.settings


def accepting(settings: Settings) -> OpampConfig | None:
    """The options of the extension whose server may give configurations: the first that says so."""
    return next((each for each in _links(settings) if each.capabilities.accepts_remote_config), None)


def told(error: ConfigError) -> str:
    """All problems with their places, for whoever gave the configuration; no secret."""
    lines = []
    for problem in error.problems:
        place = f" ({problem.file}:{problem.line})" if problem.line else ""
        hint = f": {problem.hint.splitlines()[0]}" if problem.hint else ""
        lines.append(without(f"{problem.message}{place}{hint}", error.hidden))
    return "\n".join(lines)


def _links(settings: Settings) -> list[OpampConfig]:
    return [each.config for each in settings.extensions.values() if isinstance(each.config, OpampConfig)]


def _reports(settings: Settings) -> bool:
    return any(each.capabilities.reports_effective_config for each in _links(settings))


def _shown(loaded: Loaded) -> str:
    return str(yaml.safe_dump(resolved(loaded), sort_keys=False, allow_unicode=True, width=120))
