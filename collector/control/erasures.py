"""What is to be erased: the command is checked and becomes a tombstone in the state of its domain, which the domain's owner works off."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from collector.component import Applied, Command, Refused, Work
from collector.component.commands import Value
from collector.control.erasure import Asked, NoErasure
from collector.encryption import Keys
from collector.holds import Held, nothing_held
from collector.privacy.tombstones import OF_NONE, Tombstone, name_of
from collector.reserved import DOMAIN


class Erasures:
    """Takes `logboom.command.erase`.

    Args:
        attributes: that name a person, where the command names none.
        pseudonym: (domain, value) → a keyed hash.
        held: whether the domain is under a legal hold, and why.
        keys: that hide the value on disk.
    """

    def __init__(
        self,
        attributes: Sequence[str],
        pseudonym: Callable[[str, str], str],
        held: Held = nothing_held,
        keys: Keys | None = None,
    ) -> None:
        self._attributes = attributes
        self._pseudonym = pseudonym
        self._held = held
        self._keys = keys

    def command(self, command: Command, work: Work) -> Applied | Refused:
        """The tombstone of what it says."""
        try:
            asked = Asked.of_attributes(command.attributes)
        except NoErasure as problem:
            return Refused(str(problem))
        if not command.why:
            return Refused("a reason is needed (--reason): it is kept with what was erased")
        if asked.everything and command.domain == DOMAIN:
            return Refused(f"{DOMAIN} holds the account of what was done here, and is not erased as a whole")
        if reason := self._held(command.domain, None):
            return Refused(f"{command.domain} is under a legal hold: {reason}")
        tombstone = Tombstone(
            command.id, command.domain, command.who, command.why, command.received_unix_nano,
            min(asked.before_unix_nano or command.received_unix_nano, command.received_unix_nano),
            asked.attributes(self._attributes), asked.value or None, asked.in_texts,
            self._pseudonym(command.domain, asked.value) if asked.value else "", asked.dry_run,
        )  # fmt: skip
        work.state(OF_NONE).put(name_of(command.id), tombstone.encoded(self._keys))
        said: dict[str, Value] = {"erasure": command.id, "domain": command.domain}
        return Applied(said | ({"subject": tombstone.pseudonym} if tombstone.pseudonym else {"all": True}))
