"""What must not be read, told by its form: people, accounts, credentials.

scanner.py      all that is found in one text, and the text without it (`masked_text`); needs no columns
columns.py      the same for columns of texts: candidates by one or two expressions, checks on the few hits
detector.py     what a detector is; emails.py, cards.py, ibans.py, national_ids.py, phones.py, addresses.py, tokens.py, named_secrets.py,
                credentials.py: one each
"""

from collector.privacy.classes.scanner import CLASSES, MASK, Find, Scanner, masked_text, replaced, scanner

__all__ = ["CLASSES", "MASK", "Find", "Scanner", "masked_text", "replaced", "scanner"]
