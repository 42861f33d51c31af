"""Seals of a case's history: each record names the seal before it, so what is changed or left out later shows.

A sheet fixes all histories of a round in public: one line per history, whoever has the records can find its own.
"""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import UUID

from contracts.case import canonical
from contracts.http.history import History, Record, SealedRecord

GENESIS = "0" * 64
"""`previous` of the first record."""
_HEAD = "fudao-history-sheet 1"


def seal(record: Record) -> str:
    """The record's seal, SHA-256 as 64 hexadecimal digits."""
    return hashlib.sha256(b"fudao-history-record 1\n" + canonical(record)).hexdigest()


def commitment(salt: bytes, content: bytes) -> str:
    """Fixes `content` without saying it: whoever gets the salt (16 random bytes) and the content can check it."""
    return hashlib.sha256(b"fudao-history-content 1\n" + salt + content).hexdigest()


def line(target_id: UUID, number: int, last_seal: str) -> str:
    """A history's line in a sheet, when its last record was `number`."""
    text = f"fudao-history-line 1\n{target_id}\n{number}\n{last_seal}"
    return hashlib.sha256(text.encode()).hexdigest()


def sheet_text(round_id: UUID, made_at: datetime, lines: Iterable[str]) -> bytes:
    """The file of a sheet: a heading, then the lines in order, so that they do not say whose they are."""
    heading = f"{_HEAD} {round_id} {made_at.astimezone(UTC).isoformat()}"
    return "\n".join((heading, *sorted(lines), "")).encode()


def sheet_digest(text: bytes) -> str:
    """What is published of a sheet."""
    return hashlib.sha256(text).hexdigest()


def first_break(target_id: UUID, records: Iterable[SealedRecord]) -> tuple[int, str] | None:
    """The place (from 1) and reason of the first record that does not fit; None: all follow one another unchanged."""
    previous = GENESIS
    for place, one in enumerate(records, 1):
        record = one.record
        if record.target_id != target_id:
            return place, "属于另一件申报"
        if record.number != place:
            return place, f"编号为 {record.number}，前面缺少记录或顺序不对"
        if record.previous != previous:
            return place, "与前一条接不上"
        if seal(record) != one.seal:
            return place, "内容与校验码不符"
        previous = one.seal
    return None


def covered(history: History, text: bytes) -> int | None:
    """Up to which record the sheet fixes this history; None: the sheet does not hold it as it is here."""
    known = set(text.decode("utf-8", "replace").splitlines()[1:])
    for one in reversed(history.records):
        if line(history.target_id, one.record.number, one.seal) in known:
            return one.record.number
    return None
