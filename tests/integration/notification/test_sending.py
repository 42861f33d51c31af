"""Messages go to the carrier, signed; what it refuses, loses or never takes comes before the office."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from contracts.events import EventType
from contracts.http.notification import Handled, MessageState
from kit.errors import DomainError
from services.notification.adapters import Outgoing, Rejected, TencentSms
from services.notification.models import MessageRow
from services.notification.service import NotificationService, Sending
from tests.integration.notification.conftest import PHONE, World
from tests.integration.notification.tencent import APP, SIGN

OFFICE = uuid4()


async def test_a_code_goes_out_once_with_its_template(world: World) -> None:
    code = await world.code()
    assert (await world.row(code)).state == "queued"
    assert [await world.sending.send_some(), await world.sending.send_some()] == [1, 0]
    assert world.carrier.taken == [
        {
            "SmsSdkAppId": APP,
            "SignName": SIGN,
            "TemplateId": "T-login_code",
            "TemplateParamSet": ["123456", "5"],
            "PhoneNumberSet": [f"+86{PHONE}"],
            "SessionContext": str(code),
            "code": "Ok",
            "serial": "2640:0",
        }
    ]
    row = await world.row(code)
    assert (row.state, row.reference, row.attempts) == ("sent", "2640:0", 1)


async def test_a_wrong_secret_is_refused_by_the_carrier(world: World) -> None:
    wrong = world.settings.model_copy(update={"sms_secret_id": "AKIDother"})
    with pytest.raises(Rejected, match=r"AuthFailure\.SignatureFailure"):
        await TencentSms(wrong).send(Outgoing(id=uuid4(), phone=PHONE, kind="exam", values=("2024-J-00001",)))
    assert world.carrier.taken == []


async def test_what_waits_for_a_phone_goes_to_the_one_of_then(world: World) -> None:
    told = await world.told()
    assert (await world.row(told)).state == "waiting"
    assert await world.sending.send_some() == 0
    await world.profile("13800000001")
    await world.profile("13900000002")  # changed before it was sent
    assert await world.sending.send_some() == 1
    assert [one["PhoneNumberSet"] for one in world.carrier.taken] == [["+8613900000002"]]


async def test_many_senders_send_each_message_once(world: World) -> None:
    for _ in range(30):
        await world.code()
    others = [Sending(world.db, world.settings, TencentSms(world.settings)) for _ in range(4)]

    async def all_of(one: Sending) -> None:
        while await one.send_some():
            pass

    await asyncio.gather(*(all_of(one) for one in others))
    sent = [one["SessionContext"] for one in world.carrier.taken]
    assert (len(sent), len(set(sent))) == (30, 30)


async def test_a_busy_carrier_is_asked_again_and_a_day_later_it_is_the_office_s(world: World) -> None:
    await world.profile()
    told = await world.told()
    world.carrier.answers = ["LimitExceeded.PhoneNumberThirtySecondLimit", "!InternalError.Timeout"]
    assert await world.sending.send_some() == 1
    row = await world.row(told)
    assert (row.state, row.reason, row.attempts) == (
        "queued",
        "LimitExceeded.PhoneNumberThirtySecondLimit",
        1,
    )
    assert await world.sending.send_some() == 0  # not before its pause is over
    await world.database.move_clock(timedelta(minutes=1))
    assert await world.sending.send_some() == 1
    assert (await world.row(told)).reason == "InternalError.Timeout"
    await world.database.move_clock(timedelta(hours=25))
    world.carrier.answers = ["!InternalError.Timeout"]
    await world.sending.send_some()
    row = await world.row(told)
    assert (row.state, row.reason) == ("failed", "gave_up: InternalError.Timeout")
    await world.database.move_clock(timedelta(0))


async def test_a_carrier_that_is_down_loses_nothing(world: World) -> None:
    code = await world.code("60")
    down = world.settings.model_copy(update={"sms_endpoint": "127.0.0.1:1", "sms_timeout": 1})
    await Sending(world.db, world.settings, TencentSms(down)).send_some()
    row = await world.row(code)
    assert (row.state, row.reason) == ("queued", "ClientNetworkError")
    await world.database.move_clock(timedelta(minutes=1))
    await world.sending.send_some()
    assert (await world.row(code)).state == "sent"
    await world.database.move_clock(timedelta(0))


async def test_who_stops_between_handing_over_and_noting_it_sends_once_more(world: World) -> None:
    code = await world.code("60")

    class Stops(TencentSms):
        async def send(self, message: Outgoing) -> str:
            await super().send(message)
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await Sending(world.db, world.settings, Stops(world.settings)).send_some()
    assert await world.sending.send_some() == 0  # in somebody's hands
    await world.database.move_clock(timedelta(minutes=3))
    assert await world.sending.send_some() == 1
    assert [one["SessionContext"] for one in world.carrier.taken] == [str(code)] * 2
    await world.database.move_clock(timedelta(0))


async def test_one_message_that_cannot_be_read_does_not_stop_the_others(world: World) -> None:
    broken, good = await world.code("60"), await world.code("60")
    async with world.db.unit_of_work() as session:
        (await session.get_one(MessageRow, broken)).values_sealed = b"not what we wrote"
    assert await world.sending.send_some() == 2
    row = await world.row(broken)
    assert (row.state, row.reason) == ("queued", "Undecryptable")
    assert (await world.row(good)).state == "sent"


async def test_a_code_that_is_too_late_is_not_sent_and_nobody_s_work(world: World) -> None:
    code = await world.code("5")
    await world.database.move_clock(timedelta(minutes=5))
    await world.sending.send_some()
    row = await world.row(code)
    assert (row.state, row.reason, world.carrier.taken) == ("failed", "expired", [])
    assert (await world.office.undelivered(1)).found == 0
    await world.database.move_clock(timedelta(0))


async def test_the_office_looks_after_what_did_not_arrive(world: World) -> None:
    await world.profile()
    lost, refused, unapproved = [
        await world.told(kind)
        for kind in (EventType.exam_enrolled, EventType.defence_opened, EventType.certificate_issued)
    ]
    for _ in range(3):
        await world.sending.send_some()
    by_id = {one["SessionContext"]: one for one in world.carrier.taken}
    assert set(by_id) == {str(lost), str(refused)}
    world.carrier.lost(by_id[str(lost)]["serial"])
    world.carrier.arrived(by_id[str(refused)]["serial"])
    world.carrier.arrived("9999:1")  # none of ours
    assert [await world.sending.receive_some(), await world.sending.receive_some()] == [3, 0]
    found = await world.office.undelivered(1)
    assert [(one.id, one.reason) for one in found.messages] == [
        (unapproved, "no_template"),
        (lost, "UNDELIV"),
    ]
    assert found.found == 2
    again = await world.office.resend(lost, OFFICE)
    assert (await world.row(again.id)).state == "queued"
    await world.office.told(unapproved, OFFICE)
    assert (await world.office.undelivered(1)).found == 0
    for late in (world.office.resend, world.office.told):
        with pytest.raises(DomainError) as error:
            await late(lost, OFFICE)
        assert error.value.code == "no_message"
    await world.sending.send_some()
    assert [one["TemplateId"] for one in world.carrier.taken].count("T-exam") == 2
    told = (await world.office.of_application(world.application)).messages
    states = {one.id: (one.state, one.handled) for one in told}
    assert states == {
        lost: (MessageState.failed, Handled.resent),
        again.id: (MessageState.sent, None),
        refused: (MessageState.delivered, None),
        unapproved: (MessageState.failed, Handled.told),
    }
    async with world.db.read() as session:
        plain = await session.execute(text("select row_to_json(m)::text from message m"))
        assert PHONE not in "".join(plain.scalars())


async def test_the_mailbox_has_it_at_once_and_a_carrier_has_no_mailbox(world: World) -> None:
    with pytest.raises(DomainError) as error:
        await world.service.mailbox(PHONE, None)
    assert error.value.code == "no_mailbox"
    local = NotificationService(world.db, world.settings.model_copy(update={"mailbox": True}))
    world.service = local
    await world.profile()
    told, code = await world.told(), await world.code()
    assert {(await world.row(one)).state for one in (told, code)} == {"delivered"}
    texts = [one.text for one in (await local.mailbox(PHONE, None)).messages]
    assert sorted(texts) == sorted(
        [
            "【辅导】申报 2024-J-00001 资格审查合格，请留意笔试时间通知并按时参加。",
            "【辅导】登录验证码 123456，5 分钟内有效。请勿告诉他人。",
        ]
    )
    assert await world.sending.send_some() == 0
