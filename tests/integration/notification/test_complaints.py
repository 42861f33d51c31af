"""Messages about complaints go out like others, and never come before the office, not even those that fail (O2, O4)."""

from __future__ import annotations

from uuid import uuid4

import pytest
from sqlalchemy import select

from contracts.http.notification import MessageKind, SendMessage
from services.notification import domain
from services.notification.models import MessageRow
from tests.integration.notification.conftest import PHONE, World

KINDS = [kind for kind in MessageKind if kind.value.startswith("complaint_")]


@pytest.mark.clause("O2", "O4")
async def test_a_message_about_a_complaint_that_fails_is_not_the_office_s(world: World) -> None:
    await world.profile()
    told = {"number": "TS-2345-6789", "code": "2345-6789-ABCD", "deadline": "4月17日24:00"}
    for kind in KINDS:
        names = domain.TEMPLATES[kind].get_identifiers()
        message = SendMessage(id=uuid4(), kind=kind, phone=PHONE, params={name: told[name] for name in names})
        await world.service.send(message)
    while await world.sending.send_some():
        pass
    assert {one["TemplateId"] for one in world.carrier.taken} == {f"T-{kind}" for kind in KINDS}
    for one in list(world.carrier.taken):
        world.carrier.lost(one["serial"])
    while await world.sending.receive_some():
        pass
    assert (await world.office.undelivered(1)).found == 0
    assert (await world.office.of_application(world.application)).messages == ()
    async with world.db.read() as session:
        states = (await session.execute(select(MessageRow.state))).scalars().all()
    assert states == ["failed"] * len(KINDS)
