"""Notifications: messages to people, as `alerting` decides them and exporters send them.

    notice.py     a `Notice` as columns of a batch, and back; one declaration for both sides
    wording.py    what it says, in plain words: a title, facts, lines; nothing of it is escaped
    card.py       the same laid out, within a size; inert.py  text that cannot become a link, a mention or a form
    telling.py    `Tells`: what an exporter of notices has in common with the others
    messenger.py  `Messenger`: a message a call, at a pace, with a memory (receipt.py); http_messenger.py  the same over HTTP

What a record said is data: whoever writes it into a message escapes it for the place where it goes.
"""

from collector.notices.notice import NOTIFICATION, Alert, Notice, batch_of, notices_of
from collector.notices.telling import Tells, newest

__all__ = ["NOTIFICATION", "Alert", "Notice", "Tells", "batch_of", "newest", "notices_of"]
