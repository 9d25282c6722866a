"""What waits for a person. Every message of its group says so: of those that wait to be sent the newest takes the place of the others."""

from __future__ import annotations

from collections.abc import Mapping

from collector.component import State
from collector.connectors.alerting.group import Group
from collector.connectors.alerting.responses.book import Book
from collector.responses.response import Response
from collector.responses.response import State as Stands

_MOST_SAID = 5


def waiting(group: Group, state: State) -> Mapping[str, str]:
    """The responses of a group that nobody has answered: their ids, and what each would do; the oldest first. The group forgets the others."""
    book = Book(state)
    found = [one for id_ in group.asked if (one := book.response(id_)) is not None and one.state == Stands.PROPOSED]
    group.asked = [one.id for one in found]
    return {one.id: _what(one) for one in found}


def question(asks: Mapping[str, str], domain: str) -> str:
    """Before the text of a message, for those who have no links; empty: nothing waits."""
    said = [f"MAY {what}? logboom responses approve {id_} --domain {domain}. " for id_, what in asks.items()]
    more = len(said) - _MOST_SAID
    rest = f"{more} more wait: logboom responses list --domain {domain}. " if more > 0 else ""
    return "".join(said[:_MOST_SAID]) + rest


def _what(one: Response) -> str:
    return f"{one.name}: {one.exporter} on {one.target}{' (dry run)' if one.dry_run else ''}"
