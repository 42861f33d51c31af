"""What the system knows of a round for its documents: figures by name, tables by kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel
from sqlalchemy import select

from contracts.http.exam import Sittings
from contracts.http.gateway import CaseFilters, KnownCase
from contracts.http.publication import FinalList, ListSection, Notice
from contracts.http.review import Experts, RegisteredRole
from contracts.http.scoring import RankedLevel, Ranking
from contracts.lifecycle import Stage
from contracts.rulepack import Paper, PaperTable, RulePack
from gateway import windowing
from gateway.guard import Caller
from gateway.models import Account
from gateway.parts import Parts
from kit.errors import DomainError, Kind

SHANGHAI = ZoneInfo("Asia/Shanghai")
_PAGE = 200
_WEEKDAYS = "一二三四五六日"
M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, kw_only=True)
class Part:
    """Rows of a table under one heading."""

    heading: str
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, kw_only=True)
class Table:
    titles: tuple[str, ...]
    parts: tuple[Part, ...]

    @property
    def size(self) -> int:
        return sum(len(part.rows) for part in self.parts)


@dataclass(frozen=True, kw_only=True)
class Figures:
    """`values`: what is known, by name; what is not known yet is missing."""

    values: dict[str, str] = field(default_factory=dict)
    table: Table | None = None


async def collect(
    parts: Parts, caller: Caller, round_id: UUID, pack: RulePack, paper: Paper, level: str | None
) -> Figures:
    """Everything that this document may name. What a service cannot tell yet (404) stays open.

    Errors: 503 `service_unavailable`.
    """
    values = _of_pack(pack, level)
    for window in (await windowing.listed(parts, [round_id])).windows:
        if window.stage is Stage.filing:
            values |= {"filing_opens": moment(window.opens_at), "filing_closes": deadline(window.closes_at)}
    ranking = await _maybe(parts, caller, "scoring", f"/rounds/{round_id}/ranking?limit=1", Ranking)
    values |= _of_ranking(ranking, level)
    notice = await _maybe(parts, caller, "publication", f"/rounds/{round_id}/notice", Notice)
    if notice is not None:
        values |= _of_notice(notice)
    final = await _maybe(parts, caller, "publication", f"/public/rounds/{round_id}/final-list", FinalList)
    if final is not None:
        values |= {"final_number": final.document_number}
    if level is not None:
        values |= await _of_sitting(parts, caller, round_id, level)
    table = await _table(parts, caller, round_id, pack, paper, level, notice, final, ranking)
    if table is not None and paper.table in (PaperTable.public_list, PaperTable.final_list):
        values["listed"] = str(table.size)
    return Figures(values=values, table=table)


def _of_pack(pack: RulePack, level: str | None) -> dict[str, str]:
    issuers = {one.id: one.name for one in pack.issuers}
    values = {
        "year": str(pack.year),
        "round": pack.name,
        "issuer": issuers[pack.notice.issuer],
        "notice_title": pack.notice.title,
        "notice_number": pack.notice.number,
        "notice_targets": "、".join(one.name for one in pack.public_notice.targets if one.binding),
    }
    if level is not None:
        found = pack.level(level)
        values |= {"level": found.name, "fee": f"{found.fee / 100:g}元"}
    return values


def _of_ranking(ranking: Ranking | None, level: str | None) -> dict[str, str]:
    if ranking is None:
        return {}
    values = {"digest": ranking.digest}
    for one in ranking.levels:
        if one.level == level:
            values |= {
                "filed": str(one.filed),
                "candidates": str(one.candidates),
                "ranked": str(one.ranked),
                "ratio": one.ratio,
                "places": str(one.places),
                "in_cut": str(one.in_cut),
            } | ({"cut_total": one.cut_total} if one.cut_total else {})
    return values


def _of_notice(notice: Notice) -> dict[str, str]:
    values: dict[str, str] = {}
    if notice.posted_at is not None:
        values["notice_opens"] = day(notice.posted_at)
    if notice.closes_at is not None:
        values["notice_closes"] = deadline(notice.closes_at)
    return values


async def _of_sitting(parts: Parts, caller: Caller, round_id: UUID, level: str) -> dict[str, str]:
    sittings = await _maybe(parts, caller, "exam", f"/rounds/{round_id}/sittings", Sittings)
    own = [one for one in sittings.sittings if one.level == level] if sittings is not None else []
    if not own:
        return {}
    values = {"candidates": str(own[-1].enrolled)}
    opens, closes = own[-1].opens_at, own[-1].closes_at
    if opens is not None and closes is not None:
        minutes = int((closes - opens).total_seconds() // 60)
        values |= {
            "exam_opens": moment(opens),
            "exam_closes": moment(closes),
            "exam_minutes": f"{minutes}分钟",
        }
    return values


# Tables -----------------------------------------------------------------------------------------------------------


async def _table(
    parts: Parts,
    caller: Caller,
    round_id: UUID,
    pack: RulePack,
    paper: Paper,
    level: str | None,
    notice: Notice | None,
    final: FinalList | None,
    ranking: Ranking | None,
) -> Table | None:
    names = {one.id: one.name for one in pack.levels}
    match paper.table:
        case PaperTable.public_list:
            return _people(notice.sections) if notice is not None else None
        case PaperTable.final_list:
            return _people((*final.sections, *final.added)) if final is not None else None
        case PaperTable.exam_candidates:
            return await _cases(parts, round_id, level, Stage.exam)
        case PaperTable.defence_candidates:
            return await _cases(parts, round_id, level, Stage.defence)
        case PaperTable.ranking:
            return _levels(ranking.levels, names) if ranking is not None else None
        case PaperTable.experts:
            return await _experts(parts, caller)
    return None


def _people(sections: Sequence[ListSection]) -> Table:
    return Table(
        titles=("序号", "姓名", "单位"),
        parts=tuple(
            Part(
                heading=one.heading,
                rows=tuple((str(n), line.name, line.unit) for n, line in enumerate(one.people, 1)),
            )
            for one in sections
        ),
    )


async def _cases(parts: Parts, round_id: UUID, level: str | None, stage: Stage) -> Table:
    """Who is in this stage now, by application number."""
    found: list[KnownCase] = []
    cursor: str | None = None
    async with parts.db.read() as session:
        while True:
            filters = CaseFilters(stage=stage, level=level)
            page = await parts.read_model.cases(session, round_id, filters, cursor, _PAGE)
            found += page.cases
            cursor = page.next_cursor
            if cursor is None:
                break
    found.sort(key=lambda one: one.application_number)
    rows = tuple(
        (str(n), one.application_number, one.name or "", one.unit or "") for n, one in enumerate(found, 1)
    )
    return Table(titles=("序号", "申报编号", "姓名", "单位"), parts=(Part(heading="", rows=rows),))


def _levels(levels: Sequence[RankedLevel], names: dict[str, str]) -> Table:
    rows = tuple(
        (
            names.get(one.level, one.level),
            str(one.filed),
            str(one.ranked),
            one.ratio,
            str(one.places),
            str(one.in_cut),
            one.cut_total or "—",
        )
        for one in levels
    )
    titles = ("级别", "申报人数", "参加排名", "比例", "名额", "拟认定", "入围最低分")
    return Table(titles=titles, parts=(Part(heading="", rows=rows),))


async def _experts(parts: Parts, caller: Caller) -> Table:
    """Active experts and chairs by name: name, unit, discipline."""
    found = await _maybe(parts, caller, "review", "/experts", Experts)
    members = [
        one
        for one in (found.experts if found else ())
        if one.active and one.role is not RegisteredRole.reviewer
    ]
    async with parts.db.read() as session:
        ids = [one.account_id for one in members]
        query = select(Account.id, Account.display_name).where(Account.id.in_(ids))
        names = {row.id: row.display_name for row in await session.execute(query)}
    rows = tuple(sorted((names.get(one.account_id, ""), one.unit, one.discipline) for one in members))
    return Table(titles=("姓名", "单位", "学科"), parts=(Part(heading="", rows=rows),))


async def _maybe(parts: Parts, caller: Caller, service: str, path: str, model: type[M]) -> M | None:
    """None for what is not there yet."""
    path, _, query = path.partition("?")
    params = dict(pair.split("=", 1) for pair in query.split("&")) if query else None
    try:
        answer = await parts.services.request(service, "GET", path, actor=caller.actor(), params=params)
    except DomainError as error:
        if error.kind is not Kind.not_found:
            raise
        return None
    return model.model_validate_json(answer.content)


# Words for dates --------------------------------------------------------------------------------------------------


def day(at: datetime) -> str:
    """2025年3月6日（星期四）"""
    local = at.astimezone(SHANGHAI)
    return f"{local.year}年{local.month}月{local.day}日（星期{_WEEKDAYS[local.weekday()]}）"


def moment(at: datetime) -> str:
    """2025年3月6日（星期四）09:00"""
    return f"{day(at)}{at.astimezone(SHANGHAI):%H:%M}"


def deadline(at: datetime) -> str:
    """As moment; an end at 00:00 is the 24:00 of the day before."""
    local = at.astimezone(SHANGHAI)
    if (local.hour, local.minute) == (0, 0):
        return f"{day(at - timedelta(days=1))}24:00"
    return moment(at)
