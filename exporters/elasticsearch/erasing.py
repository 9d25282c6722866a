"""Documents of a person, found and deleted: candidates hold the value in any field; which are theirs is seen in their source.

They are named by one slice and deleted by the next, when their number is told: who dies before that finds them again, and tells the same number.
Documents do not say their domain, so this asks that all of them are of one: where the service has no other, or `select.domains` names one.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any, Literal
from urllib.parse import quote

import orjson

from collector.component import ErasedSlice, Erasure, FoundSlice, NotErasable, Subject
from collector.transport.http_client import HttpAnswer

Call = Callable[[Literal["POST"], str, bytes, int], Awaitable[HttpAnswer]]
"""(method, path, JSON, most bytes of the answer) → answer."""
_PAGE, _WINDOW = 200, 10_000
_ANSWER_BYTES = 64 << 20
_GOING = " delete "
_ID_CHARACTERS = 26
_WHERE = "ignore_unavailable=true&allow_no_indices=true"


class DocumentsErasing:
    """Of one cluster.

    Args:
        indices: in which documents may stand, as patterns.
        domains: that `select` lets through; empty: all.
    """

    def __init__(self, call: Call, indices: Sequence[str], domains: Sequence[str]) -> None:
        self._call = call
        self._indices = quote(",".join(indices), safe=",*-.")
        self._domains = domains

    async def erase(self, erasure: Erasure, after: str) -> ErasedSlice:
        """A page of candidates; `after`: how many of them are nobody's business, how many went in this round, and which go now. The order of
        pages is not certain, so the last round is one in which nothing went. Raises `NotErasable`, `OSError`."""
        if not self._is_there(erasure):
            return ErasedSlice(0, None)
        place, _, going = after.partition(_GOING)
        if going:
            await self._delete(json.loads(going))
            return ErasedSlice(0, place)
        skipped, gone = map(int, (after or "0 0").split())
        hits = await self._candidates(erasure, skipped)
        theirs = [hit["_id"] for hit in hits if _is_theirs(hit, erasure)]
        passed = skipped + len(hits) - (0 if erasure.counts_only else len(theirs))
        gone += 0 if erasure.counts_only else len(theirs)
        if len(hits) == _PAGE or gone:
            place = f"{passed} {gone}" if len(hits) == _PAGE else "0 0"
            named = bool(theirs) and not erasure.counts_only
            return ErasedSlice(len(theirs), f"{place}{_GOING}{json.dumps(theirs)}" if named else place)
        if not erasure.counts_only:
            await self._post("_forcemerge?only_expunge_deletes=true&", None)
        return ErasedSlice(len(theirs), None)

    async def find(self, erasure: Erasure, after: str) -> FoundSlice:
        """The documents of the next page."""
        if not self._is_there(erasure):
            return FoundSlice((), None)
        skipped = int(after or 0)
        hits = await self._candidates(erasure, skipped)
        found = [
            {"record_id": hit["_id"], "domain": erasure.domain, "time_unix_nano": None, "index": hit["_index"], "document": hit["_source"]}
            for hit in hits
            if _is_theirs(hit, erasure)
        ]  # fmt: skip
        return FoundSlice(found, str(skipped + len(hits)) if len(hits) == _PAGE else None)

    def _is_there(self, erasure: Erasure) -> bool:
        """Whether the documents are this domain's; False: none is."""
        if erasure.sole_domain or list(self._domains) == [erasure.domain]:
            return True
        if self._domains and erasure.domain not in self._domains and not any("*" in name for name in self._domains):
            return False
        raise NotErasable(
            "cannot: documents do not say their domain, and several share these indices; give each domain an exporter of its own"
            " (`select.domains`), or delete by query there"
        )

    async def _candidates(self, erasure: Erasure, skipped: int) -> list[dict[str, Any]]:
        if skipped + _PAGE > _WINDOW:
            raise OSError(f"more than {_WINDOW - _PAGE} documents hold the value and are not theirs")
        held: dict[str, Any] = {"match_all": {}}
        if erasure.subject is not None:
            phrase = json.dumps(erasure.subject.value, ensure_ascii=False)
            held = {"query_string": {"query": phrase, "fields": ["*"], "lenient": True}}
        body = {"size": _PAGE, "from": skipped, "sort": [{"@timestamp": "asc"}], "query": {"bool": {"filter": [held]}}}
        answer = await self._post("_search?", body)
        found: list[dict[str, Any]] = answer.get("hits", {}).get("hits", [])
        return found

    async def _delete(self, ids: Sequence[str]) -> None:
        answer = await self._post(
            "_delete_by_query?conflicts=proceed&refresh=true&", {"query": {"ids": {"values": list(ids)}}}
        )
        if answer.get("version_conflicts") or answer.get("failures"):
            raise OSError("documents changed while they were to be deleted")

    async def _post(self, path: str, body: object) -> dict[str, Any]:
        answer = await self._call(
            "POST", f"/{self._indices}/{path}{_WHERE}", b"" if body is None else orjson.dumps(body), _ANSWER_BYTES
        )
        if answer.status >= 300:
            raise OSError(
                f"{path.partition('?')[0]}: HTTP {answer.status}: {answer.body[:200].decode(errors='replace')}"
            )
        told: dict[str, Any] = orjson.loads(answer.body or b"{}")
        return told


def _is_theirs(hit: dict[str, Any], erasure: Erasure) -> bool:
    if len(hit["_id"]) == _ID_CHARACTERS and hit["_id"] >= erasure.before_record_id:
        return False
    return erasure.subject is None or _names(hit["_source"], erasure.subject)


def _names(source: object, subject: Subject) -> bool:
    """Some modes write names with underscores."""
    names = (*subject.attributes, *(name.replace(".", "_") for name in subject.attributes))
    return replace(subject, attributes=names).named_in(source) or (
        subject.in_texts and subject.read_in(orjson.dumps(source).decode())
    )
