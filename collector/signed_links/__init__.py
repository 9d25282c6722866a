"""Links by which people do something about an alert without a login: `https://hooks.example.com/act/<token>`.

    act.py     what a link does, and its bytes
    signer.py  tokens: made by exporters, checked by the receiver `hooks`
    key.py     the key of a data directory

A token holds what it does, for which domain, until when, and a MAC; nothing of it is kept. Whoever has it may do that one thing, so it is
shown to those who are told alone, and in no log.
"""

from collector.signed_links.act import VERBS, Act
from collector.signed_links.key import data_key
from collector.signed_links.signer import BadToken, Expired, LinkRules, Signer

__all__ = ["VERBS", "Act", "BadToken", "Expired", "LinkRules", "Signer", "data_key"]
