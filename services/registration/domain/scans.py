"""Where on a printed page something is looked for, what was read on a scan, and what that comes to (A4, Q6).

Only four things are refused: pages of another form, of an older version, missing pages, and what is no form at all.
Everything else (grey, no seal found, signature unsure, order, pages twice) is a finding for a person.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict

from contracts.case import ScanFacts, ScanPage, Zone
from contracts.commands import Refused
from contracts.http.scans import ScanSheetKind
from contracts.refusals import refused

_ASIDE = 0.7
"""At most so sure of a seal on its page that stands far from its box: for a person to look at."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class Place(_Frozen):
    """A rectangle on a printed page, in millimetres from its upper left corner. `name`: signature, seal, code."""

    name: str
    page: int
    x: float
    y: float
    w: float
    h: float


class Spot(_Frozen):
    """Signature or seal on one page. `amount`: added ink in mm²; `elsewhere`: not where it belongs."""

    found: bool | None = None
    confidence: float = 0.0
    amount: float = 0.0
    elsewhere: bool = False
    picture: str | None = None


class Sheet(_Frozen):
    """One page of a file: all our codes on it, and the number of the form's page that it was compared with."""

    codes: tuple[str, ...]
    kind: Literal["colour", "grey", "electronic"]
    number: int | None
    cover: float = 0.0
    signature: Spot = Spot()
    seal: Spot = Spot()
    picture: str | None = None


class FileRead(_Frozen):
    """What was read of one file. `compared_with`: the code of our print."""

    compared_with: str
    sheets: tuple[Sheet, ...]

    def may_be(self, code: str) -> bool:
        """Whether these may be pages of the print with this code: a page bears it, or one page bears no code and
        looks like none of the print that it was compared with."""
        if any(one.split("/")[1] == code for sheet in self.sheets for one in sheet.codes):
            return True
        return len(self.sheets) == 1 and not self.sheets[0].codes and self.sheets[0].number is None

    def pictures(self) -> set[str]:
        """Content keys of all pictures."""
        keys = {key for one in self.sheets for key in (one.signature.picture, one.seal.picture, one.picture)}
        return {key for key in keys if key}


@dataclass(frozen=True, kw_only=True)
class Expected:
    """The form that is to come back."""

    code: str
    version: int
    pages: int
    seal_page: int
    correction_page: bool = False


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One page with what it is. `read` None: its file could not be read."""

    kind: ScanSheetKind
    number: int | None
    version: int | None = None
    read: Sheet | None = None


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """The whole scan. `refused`: why it cannot be handed in."""

    sheets: tuple[Judged, ...]
    missing: tuple[int, ...]
    twice: tuple[int, ...]
    refused: Refused | None


def judge(
    reads: Sequence[tuple[FileRead | None, int]], expected: Expected, versions: Mapping[str, int]
) -> Judgement:
    """`reads`: of each file in order, with its number of pages; `versions`: of this application's prints, by code."""
    sheets: list[Judged] = []
    for read, pages in reads:
        if read is None:
            sheets += [Judged(kind=ScanSheetKind.unknown, number=None) for _ in range(pages)]
        else:
            sheets += [_sheet(one, read, expected, versions) for one in read.sheets]
    ours = (ScanSheetKind.current, ScanSheetKind.alike)
    numbers = Counter(one.number for one in sheets if one.kind in ours)
    missing = tuple(n for n in range(1, expected.pages + 1) if n not in numbers)
    twice = tuple(sorted(n for n, count in numbers.items() if n is not None and count > 1))
    return Judgement(
        sheets=tuple(sheets), missing=missing, twice=twice, refused=_refusal(sheets, missing, expected)
    )


def _sheet(sheet: Sheet, read: FileRead, expected: Expected, versions: Mapping[str, int]) -> Judged:
    if not sheet.codes:
        # by its looks; an old version looks much the same, so this never proves the version
        alike = sheet.number is not None and read.compared_with == expected.code
        kind = ScanSheetKind.alike if alike else ScanSheetKind.unknown
        return Judged(kind=kind, number=sheet.number if alike else None, read=sheet)
    codes = [one.split("/") for one in sheet.codes]
    own = next((one for one in codes if one[1] == expected.code), None)
    if own is not None:
        return Judged(kind=ScanSheetKind.current, number=int(own[2]), version=expected.version, read=sheet)
    known = next((one for one in codes if one[1] in versions), None)
    if known is not None:
        version = versions[known[1]]
        return Judged(kind=ScanSheetKind.older, number=int(known[2]), version=version, read=sheet)
    return Judged(kind=ScanSheetKind.foreign, number=None, read=sheet)


def _refusal(sheets: Sequence[Judged], missing: Sequence[int], expected: Expected) -> Refused | None:
    def positions(kind: ScanSheetKind) -> list[int]:
        return [at for at, one in enumerate(sheets, 1) if one.kind is kind]

    if strange := positions(ScanSheetKind.foreign):
        message = f"第 {_list(strange)} 张是另一份申报书的页，请取出后只上传本申报书的扫描件。"
        return refused("scan_other_form", message=message)
    old = sorted({one.number or 0 for one in sheets if one.kind is ScanSheetKind.older} & set(missing))
    if old:
        message = (
            f"第 {_list(old)} 页是旧版本，不是当前的第 {expected.version} 版。"
            "请重新打印当前版本，签字盖章后扫描；没有改动的页也要用新打印的。"
        )
        return refused("scan_old_version", message=message)
    unknown = [one for one in sheets if one.kind is ScanSheetKind.unknown]
    if sheets and len(unknown) == len(sheets) and all(one.read is not None for one in unknown):
        return refused("scan_not_recognised")
    # a page whose code cannot be read may be the one that is missing: then a person looks
    if len(missing) > len(unknown):
        message = f"扫描件缺第 {_list(missing)} 页（共 {expected.pages} 页）。请补扫后与现有文件一起交回。"
        return refused("scan_page_missing", message=message)
    return None


def facts_of(judgement: Judgement, expected: Expected, file_ids: Sequence[str]) -> ScanFacts:
    """The scan as reviewers' checks see it."""
    return ScanFacts(
        file_ids=tuple(file_ids),
        expected_pages=expected.pages,
        expected_version=expected.version,
        seal_page=expected.seal_page,
        pages=tuple(_page(one, expected) for one in judgement.sheets),
        correction_page=expected.correction_page,
    )


def _page(one: Judged, expected: Expected) -> ScanPage:
    if one.read is None:
        return ScanPage(number=None)
    compared = one.kind in (ScanSheetKind.current, ScanSheetKind.alike)
    return ScanPage(
        number=one.number,
        version=one.version,
        code_ok={ScanSheetKind.current: True, ScanSheetKind.older: False}.get(one.kind),
        signature=_zone(one.read.signature) if compared else Zone(found=None),
        seal=_zone(one.read.seal, aside=one.number == expected.seal_page) if compared else Zone(found=None),
        kind=one.read.kind,
        picture=one.read.picture,
    )


def _zone(spot: Spot, *, aside: bool = False) -> Zone:
    sure = min(spot.confidence, _ASIDE) if aside and spot.elsewhere else spot.confidence
    return Zone(found=spot.found, confidence=sure, picture=spot.picture)


def _list(numbers: Sequence[int]) -> str:
    return "、".join(str(one) for one in numbers)
