"""A document's words with everything filled in that is known; what is open is marked, never guessed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from contracts.lifecycle import Stage
from contracts.rulepack import FIGURES, Level, Paper, PaperField, PaperTable, RulePack
from gateway.guard import Caller, not_found
from gateway.models import Round
from gateway.papers import figures
from gateway.papers.figures import Figures, Table
from gateway.parts import Parts
from kit import db

_TOKEN = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A run of text; `open`: the name of what is still missing there."""

    text: str
    open: bool = False


Line = tuple[Piece, ...]


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A document as far as it is known. `missing`: what is still open, in words."""

    paper: Paper
    title: Line
    to: Line
    paragraphs: tuple[Line, ...]
    table: Table | None
    issuer: str
    dated: date
    missing: tuple[str, ...]
    level: str | None
    given: Mapping[str, str]
    filled: Mapping[str, str]
    """All values that are known, for documents with a page for each person."""


async def options(parts: Parts, round_id: UUID) -> RulePack:
    """The round's pack, whose papers can be drafted. Errors: 404."""
    async with parts.db.read() as session:
        found = await session.get(Round, round_id)
    if found is None:
        raise not_found()
    return (await parts.packs.get(found.pack_key)).pack


async def draft(
    parts: Parts,
    caller: Caller,
    round_id: UUID,
    paper_id: str,
    level: str | None,
    given: Mapping[str, str],
) -> Draft:
    """`given`: what the office typed, by field. Errors: 404 for a paper or level that the pack does not have."""
    pack = await options(parts, round_id)
    try:
        paper = pack.paper(paper_id)
    except KeyError:
        raise not_found() from None
    offered = [one.id for one in levels_of(pack, paper)]
    if paper.per_level:
        level = level or offered[0]
        if level not in offered:
            raise not_found()
    else:
        level = None
    known = await figures.collect(parts, caller, round_id, pack, paper, level)
    async with parts.db.read() as session:
        today = (await db.now(session)).astimezone(figures.SHANGHAI).date()
    typed = {one.id: _typed(one, given.get(one.id, one.value)) for one in paper.fields}
    return compose(paper, known, typed, level=level, today=today, given=given)


def levels_of(pack: RulePack, paper: Paper) -> tuple[Level, ...]:
    """For which levels a document may be drafted; none when it is one for all. No defence, no list of it (D3)."""
    if not paper.per_level:
        return ()
    stage = {PaperTable.exam_candidates: Stage.exam, PaperTable.defence_candidates: Stage.defence}.get(
        paper.table or PaperTable.ranking
    )
    return tuple(one for one in pack.levels if stage is None or stage in one.stages)


def compose(
    paper: Paper,
    known: Figures,
    typed: Mapping[str, str],
    *,
    level: str | None = None,
    today: date,
    given: Mapping[str, str] | None = None,
) -> Draft:
    """Fills in what is known; no I/O."""
    filled = {**known.values, **{name: text for name, text in typed.items() if text}}
    words = {**FIGURES, **{one.id: one.label for one in paper.fields}}
    own = {"person", "person_unit"} if paper.each else set()
    texts = (paper.title, paper.to, *paper.paragraphs)
    named = dict.fromkeys(name for text in texts for name in _TOKEN.findall(text))
    missing = [words[name] for name in named if name not in filled and name not in own]
    if paper.table is not None and (known.table is None or known.table.size == 0):
        missing.append(TABLE_MISSING[paper.table.value])
    return Draft(
        paper=paper,
        title=line(paper.title, filled, words),
        to=line(paper.to, filled, words),
        paragraphs=tuple(line(one, filled, words) for one in paper.paragraphs),
        table=known.table,
        issuer=known.values.get("issuer", ""),
        dated=today,
        missing=tuple(missing),
        level=level,
        given=given or {},
        filled=filled,
    )


TABLE_MISSING = {
    "public_list": "公示名单（排名发布后才有）",
    "final_list": "认证名单（公布后才有）",
    "exam_candidates": "等待笔试的人员（现在没有）",
    "defence_candidates": "等待答辩的人员（现在没有）",
    "ranking": "排名（还没有排名）",
    "experts": "专家（还没有登记）",
}


def line(text: str, filled: Mapping[str, str], words: Mapping[str, str]) -> Line:
    """The text in pieces: what is said, what was filled in, what is open."""
    pieces, at = [], 0
    for match in _TOKEN.finditer(text):
        if match.start() > at:
            pieces.append(Piece(text=text[at : match.start()]))
        name = match[1]
        pieces.append(Piece(text=filled[name]) if name in filled else Piece(text=words[name], open=True))
        at = match.end()
    if at < len(text):
        pieces.append(Piece(text=text[at:]))
    return tuple(pieces)


def _typed(one: PaperField, text: str) -> str:
    """A date as it is written in a document; anything else as typed."""
    text = text.strip()
    if one.kind != "date" or not text:
        return text
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return ""
    return f"{found.year}年{found.month}月{found.day}日"
