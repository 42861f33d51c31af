"""Where a bank transfer belongs (F3): application number, unit and name in the remark, amount; with score and reason.

Only what cannot be anybody else's is certain. People of one name in one unit are never told apart by a guess.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

_NOISE = re.compile(r"[\W_]+")
_RETURNED = ("退汇", "退款", "冲正", "撤销")
_LEGAL_FORM = ("重庆市", "重庆")


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """An application that owes, or owed, a fee. `due_fen`: what is still missing. `ended`: it is over."""

    application_id: UUID
    number: str
    name: str
    unit: str
    due_fen: int
    ended: bool = False


@dataclass(frozen=True, kw_only=True)
class Line:
    """A transfer that came in."""

    amount_fen: int
    payer: str
    memo: str


@dataclass(frozen=True, kw_only=True)
class Share:
    application_id: UUID
    amount_fen: int


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """`score` 0-100; `certain`: allocated without asking."""

    score: int
    reason: str
    shares: tuple[Share, ...]


@dataclass(frozen=True, kw_only=True)
class Match:
    """What was found: a stable code, the reason in plain words, and what is certain or proposed."""

    code: str
    reason: str
    certain: tuple[Share, ...] = ()
    proposals: tuple[Proposal, ...] = ()


@lru_cache(maxsize=65536)
def squeeze(text: str) -> str:
    """Full-width to half-width, no blanks, no punctuation, capitals: as one compares."""
    return _NOISE.sub("", unicodedata.normalize("NFKC", text)).upper()


def match(line: Line, candidates: Sequence[Candidate]) -> Match:
    """Where the line belongs."""
    text = squeeze(line.memo) + "\n" + squeeze(line.payer)
    if any(word in line.memo for word in _RETURNED):
        return Match(code="returned", reason="备注写明是退汇或退款，不是缴费，请核对是哪一笔退回来了。")
    numbered = [one for one in candidates if squeeze(one.number) in text]
    if numbered:
        return _by_number(line, text, numbered, candidates)
    named = _named(text, candidates)
    here = [one for one in named if _unit_says(text, one.unit)]
    if here:
        return _by_name_and_unit(line, text, here)
    if named:
        return _by_name(line, named)
    return _by_likeness(line, text, candidates)


def _by_number(
    line: Line, text: str, numbered: Sequence[Candidate], candidates: Sequence[Candidate]
) -> Match:
    if len(numbered) > 1:
        return _many(line, numbered, "备注写有多个申报编号")
    (one,) = numbered
    others = [other for other in _named(text, candidates) if other.name != one.name]
    if others and squeeze(one.name) not in text:
        proposals = [_proposal(line, one, 60, "编号相符，姓名是别人的")]
        proposals += [_proposal(line, other, 55, "姓名相符，编号是别人的") for other in others[:5]]
        return Match(
            code="conflict",
            reason=f"申报编号是{one.name}的，备注里的姓名却是{others[0].name}。",
            proposals=tuple(proposals),
        )
    return _certain(line, one, "number", f"备注写明申报编号 {one.number}")


def _certain(line: Line, one: Candidate, code: str, reason: str) -> Match:
    """The person is certain; the amount decides which outcome it has (F6)."""
    share = (Share(application_id=one.application_id, amount_fen=line.amount_fen),)
    if one.ended and one.due_fen > 0:
        return Match(
            code="late",
            reason=f"{reason}；该申报已经结束，款项按规定办理退费或凭回单核定。",
            proposals=(Proposal(score=80, reason=f"{reason}，但来迟了", shares=share),),
        )
    if one.due_fen == 0:
        return Match(code="duplicate", reason=f"{reason}；评审费此前已缴清，这是重复缴费。", certain=share)
    if line.amount_fen < one.due_fen:
        return Match(code="partial", reason=f"{reason}；金额不足，尚欠部分请缴费人补足。", certain=share)
    if line.amount_fen > one.due_fen:
        return Match(code="over", reason=f"{reason}；金额多于应缴，多缴部分按规定退还。", certain=share)
    return Match(code=code, reason=f"{reason}，金额相符。", certain=share)


def _by_name_and_unit(line: Line, text: str, here: Sequence[Candidate]) -> Match:
    names = {one.name for one in here}
    if len(here) == 1:
        (one,) = here
        if line.amount_fen == one.due_fen and not one.ended:
            return _certain(line, one, "name_unit", f"备注的单位和姓名与{one.number}相符")
        return Match(
            code="amount" if one.due_fen else "duplicate_guess",
            reason=(
                "单位和姓名相符，但金额与应缴不同，请核对。"
                if one.due_fen
                else "单位和姓名相符，但此人已缴清，可能是重复缴费，请核对。"
            ),
            proposals=(_proposal(line, one, 75, "单位、姓名相符，金额不符"),),
        )
    if len(names) < len(here):
        twins = next(one.name for one in here if sum(other.name == one.name for other in here) > 1)
        return Match(
            code="same_name_same_unit",
            reason=f"同一单位有不止一位“{twins}”，备注没有申报编号，不能确定是谁的。",
            proposals=tuple(_proposal(line, one, 50, "同名同单位") for one in here[:10]),
        )
    return _many(line, here, "备注写有同一单位的多个姓名")


def _by_name(line: Line, named: Sequence[Candidate]) -> Match:
    if len(named) == 1:
        score = 70 if line.amount_fen == named[0].due_fen else 45
        return Match(
            code="name_only",
            reason="只有姓名相符，备注没有单位，不能确定。",
            proposals=(_proposal(line, named[0], score, "只有姓名相符"),),
        )
    if len({one.name for one in named}) == 1:
        return Match(
            code="same_name",
            reason=f"有 {len(named)} 位“{named[0].name}”，备注没有单位也没有申报编号。",
            proposals=tuple(_proposal(line, one, 40, "同名，单位不明") for one in named[:10]),
        )
    return _many(line, named, "备注写有多个姓名")


def _many(line: Line, people: Sequence[Candidate], reason: str) -> Match:
    """One transfer for several people: proposed whole, allotted by a person in one action."""
    owing = [one for one in people if one.due_fen > 0 and not one.ended]
    total = sum(one.due_fen for one in owing)
    if owing and total == line.amount_fen:
        shares = tuple(Share(application_id=one.application_id, amount_fen=one.due_fen) for one in owing)
        said = f"{reason}，{len(owing)} 人应缴合计与金额相符"
        return Match(
            code="many",
            reason=f"{said}，请确认后一次分配。",
            proposals=(Proposal(score=90, reason=said, shares=shares),),
        )
    return Match(
        code="many_amount",
        reason=f"{reason}，但 {len(owing)} 人应缴合计与金额不符，请核对名单。",
        proposals=tuple(_proposal(line, one, 40, reason) for one in owing[:20]),
    )


def _by_likeness(line: Line, text: str, candidates: Sequence[Candidate]) -> Match:
    """A name with a wrong character beside its unit; or a unit's own transfer without names."""
    unit = [one for one in candidates if _unit_says(text, one.unit) and not one.ended]
    alike = [one for one in unit if _nearly(squeeze(one.name), _without(text, one.unit))]
    if alike:
        return Match(
            code="typo",
            reason="单位相符，姓名与申报人差一个字，可能写错了，请核对。",
            proposals=tuple(
                _proposal(line, one, 65 if line.amount_fen == one.due_fen else 45, "单位相符，姓名差一个字")
                for one in alike[:5]
            ),
        )
    owing = [one for one in unit if one.due_fen > 0]
    if owing:
        found = _many(line, owing, "付款单位相符，备注没有姓名")
        if found.code == "many" and len({squeeze(one.unit) for one in owing}) == 1:
            return found
        return Match(
            code="unit_only",
            reason="只有单位相符，备注没有姓名，请向单位要名单。",
            proposals=tuple(_proposal(line, one, 30, "单位相符") for one in owing[:20]),
        )
    nobody = [one for one in candidates if _nearly(squeeze(one.name), text) and len(one.name) >= 3]
    return Match(
        code="unknown",
        reason="付款人和备注与任何一份申报都对不上。",
        proposals=tuple(_proposal(line, one, 20, "姓名差一个字，单位对不上") for one in nobody[:5]),
    )


def _named(text: str, candidates: Iterable[Candidate]) -> list[Candidate]:
    """Whose name stands there; 王小 is not named where 王小明 is."""
    found = [one for one in candidates if len(one.name) >= 2 and squeeze(one.name) in text]
    names = {squeeze(one.name) for one in found}
    rest = text
    kept: set[str] = set()
    for name in sorted(names, key=len, reverse=True):
        if name in rest:
            kept.add(name)
            rest = rest.replace(name, "\n")
    return [one for one in found if squeeze(one.name) in kept]


def _unit_says(text: str, unit: str) -> bool:
    """The unit's full name, or without the city before it."""
    full = squeeze(unit)
    if len(full) < 2:
        return False
    shorter = [full.removeprefix(squeeze(prefix)) for prefix in _LEGAL_FORM]
    return any(len(one) >= 4 and one in text for one in (full, *shorter)) or full in text


def _nearly(name: str, text: str) -> bool:
    """A stretch of the text that differs from the name in one character; of two, the family name must be right."""
    if len(name) < 2:
        return False
    width = len(name)
    if width == 2:
        return any(part and text[at + 1] != "\n" for at, part in _after(text, name[0]))
    for start in range(len(text) - width + 1):
        part = text[start : start + width]
        if sum(a == b for a, b in zip(part, name, strict=True)) == width - 1 and "\n" not in part:
            return True
    return False


def _after(text: str, family_name: str) -> list[tuple[int, bool]]:
    """Where the family name begins a word of two characters."""
    found = [at for at, character in enumerate(text[:-1]) if character == family_name]
    return [(at, at == 0 or text[at - 1] == "\n") for at in found]


def _without(text: str, unit: str) -> str:
    """The text without the unit's name, which is full of characters that are in names too."""
    full = squeeze(unit)
    for part in (full, *(full.removeprefix(squeeze(prefix)) for prefix in _LEGAL_FORM)):
        text = text.replace(part, "\n") if len(part) >= 4 else text
    return text


def _proposal(line: Line, one: Candidate, score: int, reason: str) -> Proposal:
    share = Share(application_id=one.application_id, amount_fen=line.amount_fen)
    return Proposal(score=score, reason=f"{one.number} {one.unit} {one.name}：{reason}", shares=(share,))
