"""Who did it: `user` objects."""

from __future__ import annotations

import polars as pl

from collector.documents.ocsf.fields import Mask, Part
from collector.documents.ocsf.members import Json, json_object, text
from collector.documents.ocsf.validity import is_email

_NAMES = ("user.name", "enduser.name")
_IDS = ("user.id", "enduser.id")


def known_users(part: Part) -> Mask:
    """Records with a name or an id: what a `user` object needs."""
    return part.present(*_NAMES, *_IDS)


def user(part: Part) -> tuple[Json | None, dict[str, pl.Series | None]]:
    """The object, and what in it can be observed: `name`, `email_addr`."""
    known = known_users(part)
    if not known.any():
        return None, {}
    name, uid = part.text(*_NAMES), part.text(*_IDS)
    email = part.text("user.email", valid=is_email, where=known)
    full = part.text("user.full_name", where=known)
    members = {"name": name, "uid": uid, "email_addr": email, "full_name": full}
    texts = {key: text(column) for key, column in members.items()}
    return json_object(texts, needs=["name", "uid"]), {"name": name, "email_addr": email}
