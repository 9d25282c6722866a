"""What a record says, decided once for every format.

    normalised(batch)   what a record does not say, in the one spelling that columns have for it; done where records are decoded
    said(batch)         the same for a document: also a body with nothing in it is none
    happened(batch)     when it happened, else when it was observed: every record has that

| field | spellings of "not said" | in the columns | in a document |
| --- | --- | --- | --- |
| trace and span id | empty, all zeros, a wrong length | empty | left out, NULL |
| severity number | 0, negative, over 24 | 0 | left out, NULL |
| time and observed time, both | 0 | the observed time is the time of receipt | the time of receipt |
| severity text, event name | empty | empty | left out, NULL |
| body | left out, an empty AnyValue, empty text, empty bytes | as sent, for OTLP can say the difference | left out, NULL |

An empty map or array is a body, and an attribute with an empty value is an attribute: somebody wrote it.
"""

from __future__ import annotations

from collector.documents.facts.absence import happened, normalised, said

__all__ = ["happened", "normalised", "said"]
