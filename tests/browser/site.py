"""A gateway on a TCP port for browsers, its services answering with one small, lifelike round."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Protocol
from uuid import UUID, uuid4

from pydantic import BaseModel

from contracts.http.certificates import Standing, Verification
from contracts.http.gateway import KnownCase, TimelineEntry
from contracts.http.notification import Mailbox, Message
from contracts.http.payment import Order, OrderState, TransferInstructions
from contracts.http.persons import IdKind, PersonView
from contracts.http.publication import (
    CredentialStatus,
    ListedPerson,
    ListSection,
    Notice,
    Notices,
    NoticeState,
    NoticeSummary,
)
from contracts.http.registration import (
    FormState,
    LevelOffer,
    OtherLevelView,
    RegistrationView,
    Rounds,
    RoundView,
)
from contracts.lifecycle import ActionRequiredBy, Phase, RoundStage, Route, Stage, Status
from gateway.intake.models import WindowRow
from gateway.settings import GatewaySettings
from kit.http import serve
from tests.integration.gateway.world import World, running

NOW = datetime.now(UTC)
NUMBER = "CQ-2024-000123"


class Reached(Protocol):
    """Some gateway that a browser can reach."""

    @property
    def world(self) -> World: ...

    @property
    def url(self) -> str: ...


@dataclass
class Site:
    world: World
    url: str
    round_id: UUID
    person: UUID
    token: str
    application: UUID
    notice: UUID


@asynccontextmanager
async def open_site(settings: GatewaySettings) -> AsyncIterator[Site]:
    """The site with a person in the midst of filing."""
    async with running(settings) as world:
        stop, bound = asyncio.Event(), asyncio.get_running_loop().create_future()
        server = asyncio.create_task(serve(world.app, stop, on_bound=bound.set_result))
        try:
            yield await _filled(world, await bound)
        finally:
            stop.set()
            await asyncio.wait_for(server, 10)


def put(
    world: World, service: str, path: str, model: BaseModel, method: str = "GET", status: int = 200
) -> None:
    world.services.put(service, method, path, status, model.model_dump(mode="json"))


async def _filled(world: World, url: str) -> Site:
    round_id = await world.round()
    person, token = await world.person("13812345678")
    application = await world.application(person, round_id)
    site = Site(world, url, round_id, person, token, application, uuid4())
    async with world.db.unit_of_work() as session:
        for stage, start, end in (("filing", -3, 11), ("correction", 12, 15), ("notice", 30, 37)):
            session.add(
                WindowRow(
                    target_kind="round",
                    target_id=round_id,
                    stage=stage,
                    round_id=round_id,
                    opens_at=NOW + timedelta(days=start),
                    closes_at=NOW + timedelta(days=end),
                )
            )
    put(world, "registration", "/rounds", Rounds(rounds=(round_view(round_id),)))
    put(world, "registration", f"/rounds/{round_id}", round_view(round_id))
    put(world, "registration", "/me/person", person_view(person))
    put(world, "registration", f"/applications/{application}/registration", registration(site))
    put(world, "payment", f"/applications/{application}/order", order(site))
    put(world, "publication", "/public/notices", Notices(notices=(_summary(site),)))
    put(world, "publication", f"/public/notices/{site.notice}", _notice(site))
    put(world, "publication", f"/public/certificates/{NUMBER}", _certificate())
    world.services.put("notification", "POST", "/internal/messages", 200, {"id": str(uuid4())})
    _mail(world)
    world.read_model.known[application] = known(site)
    world.read_model.events[application] = _events()
    return site


def round_view(round_id: UUID) -> RoundView:
    stages = (Stage.filing, Stage.qualification, Stage.exam, Stage.portfolio, Stage.totals, Stage.notice)
    return RoundView(
        id=round_id,
        title="重庆市青少年科技辅导员专业水平认证（2024年度）",
        pack_name="demo",
        pack_key="sha256/" + "0" * 64,
        pack_hash="0" * 64,
        year=2024,
        runs_in=2025,
        stage=RoundStage.filing,
        opened_at=NOW - timedelta(days=3),
        closes_at=NOW + timedelta(days=11),
        levels=(
            LevelOffer(id="junior", name="初级", fee_fen=10000, stages=stages),
            LevelOffer(
                id="intermediate",
                name="中级",
                fee_fen=30000,
                stages=(*stages[:4], Stage.defence, *stages[4:]),
                direct="破格直接认证",
            ),
        ),
        other_levels=(
            OtherLevelView(id="senior", name="高级", message="由中国青少年科技教育工作者协会受理。"),
        ),
    )


def person_view(person: UUID) -> PersonView:
    return PersonView(
        person_id=person,
        name="欧阳晓䶮",
        id_kind=IdKind.id_card,
        id_number_masked="500103********1234",
        phone_masked="138****5678",
    )


def registration(site: Site, **changes: Any) -> RegistrationView:
    values: dict[str, Any] = {
        "application_id": site.application,
        "round_id": site.round_id,
        "person_id": site.person,
        "application_number": "CQ2024-00017",
        "level": "intermediate",
        "level_name": "中级",
        "route": Route.regular,
        "state": FormState.locked,
        "phase": Phase.open,
        "status": None,
        "seq": 2,
        "draft_version": 9,
        "form_version": 1,
        "form_code": "A1B2C3",
        "form_pages": 4,
        "submitted_at": NOW - timedelta(hours=5),
        "scan": None,
        "correction_closes_at": None,
        "snapshot_key": None,
        "facts_key": None,
    }
    return RegistrationView.model_validate(values | changes)


def known(site: Site, **changes: Any) -> KnownCase:
    values: dict[str, Any] = {
        "application_id": site.application,
        "round_id": site.round_id,
        "application_number": "CQ2024-00017",
        "level": "intermediate",
        "seq": 2,
        "stage": Stage.filing,
        "status": Status.submitted,
        "action_required_by": ActionRequiredBy.applicant,
        "since": NOW - timedelta(hours=5),
        "updated_at": NOW - timedelta(hours=5),
    }
    return KnownCase.model_validate(values | changes)


def order(site: Site) -> Order:
    return Order(
        order_id=uuid4(),
        application_id=site.application,
        level="intermediate",
        amount_fen=30000,
        paid_fen=0,
        state=OrderState.open,
        purpose="评审费，用于专业水平认证的评审和组织工作",
        paid_at=None,
        transfer=TransferInstructions(
            payee="重庆市青少年科技教育协会",
            account="1234 5678 9012 3456",
            amount_fen=30000,
            remark="渝中区青少年宫 欧阳晓䶮 CQ2024-00017",
            note="请务必写明备注；银行日期在申报截止之前的转账有效。",
        ),
    )


def _events() -> list[TimelineEntry]:
    return [
        TimelineEntry(
            at=NOW - timedelta(days=2), code="ApplicationStarted", text="开始申报，已分配申报号", clause="A1"
        ),
        TimelineEntry(
            at=NOW - timedelta(hours=5),
            code="FormSubmitted",
            text="申报书已提交并锁定，等待打印、签字、盖章、回传和缴费",
            clause="A3",
        ),
    ]


def _summary(site: Site) -> NoticeSummary:
    return NoticeSummary(
        notice_id=site.notice,
        round_id=site.round_id,
        title="2024年度专业水平认证拟通过名单公示",
        state=NoticeState.running,
        people=2,
        posted_at=NOW - timedelta(days=1),
        closes_at=NOW + timedelta(days=6),
    )


def _notice(site: Site) -> Notice:
    people = (
        ListedPerson(application_number="CQ2024-00003", name="王小明", unit="重庆市渝中区青少年宫"),
        ListedPerson(
            application_number="CQ2024-00017", name="欧阳晓䶮", unit="西南大学附属中学校科技教育中心"
        ),
    )
    return Notice(
        **_summary(site).model_dump(),
        digest="ab" * 32,
        objection="公示期内可以实名或匿名向监督委员会反映，电话 023-00000000。",
        targets=(),
        sections=(ListSection(level="intermediate", heading="中级", people=people),),
    )


def _certificate() -> Verification:
    return Verification(
        number=NUMBER,
        name="王**",
        proven=False,
        level="junior",
        level_name="初级",
        issued_on=date(2025, 4, 1),
        issuers=("中国青少年科技教育工作者协会", "重庆市青少年科技教育协会"),
        document_number="渝青科教文〔2025〕9号",
        status=CredentialStatus.valid,
        standing=Standing.valid,
        version=1,
        specimen=True,
        demo_keys=True,
    )


def _mail(world: World) -> None:
    text = "【辅导】登录验证码 123456，5 分钟内有效。请勿告诉他人。"
    message = Message(id=uuid4(), kind="login_code", text=text, sent_at=NOW)
    put(world, "notification", "/mailbox", Mailbox(recipient="13812345678", messages=(message,)))
