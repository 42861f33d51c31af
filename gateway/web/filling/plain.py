"""Dates and numbers as people write them, turned into the forms that the service takes; pure.

What is not understood goes on as it was typed: the service says what is wrong with it.
"""

from __future__ import annotations

import re
import unicodedata

_YEAR = r"(\d{4})"
_DAY = re.compile(rf"{_YEAR}\s*[年./-]\s*(\d{{1,2}})\s*[月./-]\s*(\d{{1,2}})\s*[日号]?")
_MONTH = re.compile(rf"{_YEAR}\s*[年./-]\s*(\d{{1,2}})\s*月?份?")
_YEAR_ONLY = re.compile(rf"{_YEAR}\s*年?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})?")
_SCHOOL_YEAR = re.compile(rf"{_YEAR}\s*年?\s*[-—–~至到]+\s*{_YEAR}\s*年?\s*学年")
_ISSUE = re.compile(rf"{_YEAR}\s*年?\s*第?\s*(\d{{1,2}})\s*期")
_BETWEEN = re.compile(r"\s*(?:至|到|~|—+|–|/|\s-\s)\s*")
_UNITS = re.compile(r"(个)?(学时|课时|小时|天|日|元|岁|人)$")
_STILL = frozenset({"至今", "今", "现在", "到现在"})


def plain(text: str) -> str:
    """Full-width digits and letters as usual ones, without blanks around."""
    return unicodedata.normalize("NFKC", text).strip()


def plain_number(text: str) -> str:
    """「３０学时」→ 30."""
    return _UNITS.sub("", plain(text).replace(",", "").replace(" ", ""))


def plain_date(text: str) -> str:
    """「2024年5月1日」「2024.5」「2023年9月至2024年1月」「2023—2024学年」→ as PreciseDate reads them."""
    given = plain(text)
    if not given or given in _STILL:
        return ""
    if match := _SCHOOL_YEAR.fullmatch(given):
        return f"{match[1]}-{match[2]}学年"
    if match := _ISSUE.fullmatch(given):
        return f"{match[1]}年第{int(match[2])}期"
    if (one := _single(given)) is not None:
        return one
    ends = [_single(part) for part in _BETWEEN.split(given)]
    if len(ends) == 2 and None not in ends:
        return f"{ends[0]}/{ends[1]}"
    return given


def _single(text: str) -> str | None:
    if match := _DAY.fullmatch(text):
        return f"{match[1]}-{int(match[2]):02}-{int(match[3]):02}"
    if match := _MONTH.fullmatch(text):
        return f"{match[1]}-{int(match[2]):02}"
    if match := _YEAR_ONLY.fullmatch(text):
        return match[1]
    if match := _COMPACT.fullmatch(text):
        return "-".join(part for part in match.groups() if part)
    return None


def plain_interval(text: str) -> str:
    """「2023年9月至2024年1月」→ 2023-09/2024-01, 「2023年9月至今」→ 2023-09/."""
    given = plain(text)
    for still in ("至今", "到现在", "至现在"):
        start = given.removesuffix(still).rstrip(" -—–~")
        if given.endswith(still) and (one := _single(start)) is not None:
            return f"{one}/"
    return plain_date(given)
