"""The desk's site with experts, a chair and an office: portfolios and defences of one round, evidence with pictures."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
from PIL import Image, ImageDraw

from contracts.case import EvidenceItem, FileFacts, Organiser, PreciseDate, Role, canonical
from contracts.commands import Role as StaffRole
from contracts.lifecycle import CaseRef, Stage, Status
from gateway.accounts import sessions
from gateway.models import Account, Application
from kit.tokens import Actor
from tests.browser.desk_site import open_desk
from tests.browser.site import NOW, Site, known
from tests.conftest import TestDatabase
from tests.integration.review.world import World as Review
from tests.integration.review.world import sample_facts, sample_snapshot
from tests.servers import Servers

UNIT = "重庆市渝中区测试小学"
NAMES = ("彭志强", "曾丽华", "田国平", "董秀兰", "潘一鸣", "余小林")
EVIDENCE = (
    ("c1", "指导学生参加第38届青少年科技创新大赛获一等奖", Role.first_instructor, ("fa", "fb")),
    ("c2", "科技辅导员创新作品评选二等奖", None, ("fc",)),
    ("c3", "《小学科学探究式教学的实践》发表于《中国科技教育》", Role.author, ("fd",)),
    ("c5", "全国科技辅导员骨干培训", None, ("fe",)),
)


@dataclass
class Judges:
    """Experts by number with their tokens, cases by number."""

    site: Site
    review: Review
    database: TestDatabase
    office: str
    supervisor: str
    people: list[tuple[UUID, str]] = field(default_factory=list)
    cases: dict[str, CaseRef] = field(default_factory=dict)

    def actor(self, number: int, role: str = "expert") -> Actor:
        return Actor(subject=self.people[number][0], role=role)

    async def case(self, number: str, level: str = "junior") -> CaseRef:
        """A case with evidence of four kinds, pictures of its pages, in the gateway, too."""
        person, _ = await self.site.world.person(f"139{len(self.cases):08}")
        store = self.review.store
        pictures = [await store.put_content(_page(number, n), "image/jpeg") for n in range(5)]
        facts = sample_facts(self.review._file_key.removeprefix("sha256/"))
        for name, key in zip(("fa", "fb", "fc", "fd", "fe"), pictures, strict=True):
            one = FileFacts(
                opens=True,
                media_type="application/pdf",
                bytes=9999,
                sha256=self.review._file_key.removeprefix("sha256/"),
                pages=1,
                previews=(key,),
            )
            facts.files[name] = one
        evidence = tuple(
            EvidenceItem(
                id=f"e{n}",
                section="C",
                kind=kind,
                title=title,
                date=PreciseDate.parse("2023-04"),
                tier="provincial",
                role=role,
                organisers=(Organiser(name="重庆市科协", system="association"),),
                named_person="测甲",
                file_ids=files,
            )
            for n, (kind, title, role, files) in enumerate(EVIDENCE)
        )
        case = await self.review.case(number, UNIT, level)
        snapshot = sample_snapshot(number, UNIT, level=level, evidence=evidence)
        case = case.model_copy(
            update={
                "facts_key": await store.put_content(canonical(facts), "application/json"),
                "snapshot_key": await store.put_content(canonical(snapshot), "application/json"),
            }
        )
        async with self.site.world.db.unit_of_work() as session:
            session.add(Application(id=case.application_id, round_id=case.round_id, person_id=person))
        self.cases[number] = case
        return case

    async def portfolio(self, number: str) -> CaseRef:
        case = await self.case(number)
        await self.review.open_portfolio(case)
        return case

    async def defence(self, number: str) -> CaseRef:
        """Its stage as the read model knows it, so that the candidate's page asks for the appointment."""
        case = await self.case(number, "intermediate")
        await self.review.open_defence(case)
        self.site.world.read_model.known[case.application_id] = known(
            self.site,
            application_id=case.application_id,
            application_number=number,
            stage=Stage.defence,
            status=Status.awaiting_defence,
            since=NOW,
        )
        return case

    async def whose(self, case: CaseRef) -> dict[int, int]:
        """Which expert has which sheet: {sheet: place in `people`}."""
        found = {}
        for place in range(len(self.people)):
            card = await self.review.sheet(self.actor(place), case)
            if card is not None:
                found[card["sheet"]] = place
        return found

    async def tasks(self, place: int) -> list[dict[str, Any]]:
        sheets = await self.review.get(self.actor(place), "GET", "/sheets")
        return list(sheets["sheets"])

    async def candidate(self, case: CaseRef) -> str:
        """A session of the applicant."""
        async with self.site.world.db.unit_of_work() as session:
            application = await session.get(Application, case.application_id)
            assert application is not None
            account = await session.get(Account, application.person_id)
            assert account is not None
            return (await sessions.open_session(session, account, timedelta(hours=1))).token

    async def at(self, moment: datetime) -> None:
        """PostgreSQL's clock from now on."""
        await self.database.move_clock(moment - datetime.now(moment.tzinfo))


async def _emptied(database: TestDatabase) -> None:
    """Experts of tests before would be drawn, too."""
    connection = await asyncpg.connect(database.admin_dsn)
    try:
        rows = await connection.fetch("select tablename from pg_tables where schemaname = 'review'")
        names = ", ".join(f"review.{row[0]}" for row in rows if row[0] != "alembic_version")
        await connection.execute(f"truncate {names} cascade")
    finally:
        await connection.close()


def _page(number: str, n: int) -> bytes:
    """A page that looks like a certificate."""
    picture = Image.new("RGB", (827, 585), "#fffdf4")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((20, 20, 807, 565), outline="#b8860b", width=6)
    draw.text((270, 90), f"CERTIFICATE {n + 1}", fill="#7a1f1f", font_size=44)
    for line in range(6):
        draw.line((110, 210 + line * 44, 717, 210 + line * 44), fill="#999")
    draw.text((110, 180), f"No. {number}-{n}", fill="black", font_size=22)
    draw.ellipse((580, 400, 720, 540), outline="#c00", width=6)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=80)
    return out.getvalue()


@asynccontextmanager
async def open_judges(
    site: Site, database: TestDatabase, servers: Servers, count: int = len(NAMES)
) -> AsyncIterator[Judges]:
    """Review on the same database; `count` experts in the registry, the first and fourth may chair."""
    async with open_desk(site, database, servers) as desk:
        await _emptied(database)
        _, supervisor = await site.world.staff(StaffRole.supervisor)
        made = Judges(site, desk.review, database, desk.office_token, supervisor)
        for place, name in enumerate(NAMES[:count]):
            roles = (StaffRole.expert, *((StaffRole.panel_chair,) if place in (0, 3) else ()))
            account, token = await site.world.staff(*roles)
            async with site.world.db.unit_of_work() as session:
                row = await session.get(Account, account)
                assert row is not None
                row.display_name = f"{name}老师"
            made.people.append((account, token))
            body = {
                "unit": f"重庆市第{place + 1}测试中学",
                "discipline": "科学教育",
                "recommender": "重庆市科协",
            }
            await desk.review.get(desk.review.secretariat, "PUT", f"/experts/{account}", body)
        yield made
