"""Who may do what with complaints (O2, O4): every role at every door of publication, and what comes in."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from contracts.commands import Role
from tests.integration.publication.world import COMPLAINANT, FACTS, World

ROLES = [role.value for role in Role] + ["public"]
KEY = "complaint/{}/" + "a" * 64


def doors(complaint_id: UUID) -> list[tuple[str, str, Any]]:
    """What the committee alone opens."""
    one = f"/complaints/{complaint_id}"
    return [
        ("GET", "/complaints", None),
        ("GET", one, None),
        ("GET", f"{one}/files/1", None),
        ("POST", f"{one}/entries", {"kind": "note", "text": "调查记录"}),
    ]


@pytest.mark.clause("O2", "O4")
async def test_the_committee_alone_reads_lists_and_works_on_complaints(world: World) -> None:
    files = [{"key": "x", "media_type": "image/png", "bytes": 9}]
    complaint_id = uuid4()
    files[0]["key"] = KEY.format(complaint_id)
    await world.file(complaint_id=complaint_id, complainant=COMPLAINANT, files=files)
    opened: dict[str, list[int]] = {}
    for role in ROLES:
        for method, path, body in doors(complaint_id):
            answer = await world.ask(role, method, path, body, application_id=uuid4())
            opened.setdefault(role, []).append(answer.status_code)
            if role != Role.supervisor:
                assert not any(
                    secret in answer.text for secret in (COMPLAINANT.name, FACTS, str(complaint_id))
                )
                absent = await world.ask(role, method, path.replace(str(complaint_id), str(uuid4())), body)
                assert absent.json()["code"] == answer.json()["code"]
    assert opened.pop("supervisor") == [200, 200, 200, 201]
    assert {tuple(one) for one in opened.values()} == {(404, 404, 404, 404)}
    for method, path, body in doors(uuid4())[1:]:
        assert (await world.ask("supervisor", method, path, body)).status_code == 404


@pytest.mark.clause("O2", "N3")
async def test_the_office_forwards_blind(world: World) -> None:
    """The secretariat hands one in from the telephone; nothing of its answer opens it again."""
    secretary = uuid4()
    form = world.form(channel="phone", complainant=COMPLAINANT)
    answer = await world.ask("secretariat", "POST", "/public/complaints", form, subject=secretary)
    assert answer.status_code == 201
    receipt = answer.json()
    assert receipt["code"] is None
    guess = {"number": receipt["number"], "code": "2222-2222-2222"}
    assert (await world.ask("secretariat", "POST", "/public/complaints/progress", guess)).status_code == 404
    complaint_id = UUID(form["complaint_id"])
    for method, path, body in doors(complaint_id):
        assert (await world.ask("secretariat", method, path, body, subject=secretary)).status_code == 404
    view = (await world.ask("supervisor", "GET", f"/complaints/{complaint_id}")).json()
    assert (view["channel"], view["forwarded_by"], view["complainant"]["name"]) == (
        "phone",
        str(secretary),
        COMPLAINANT.name,
    )
    (told,) = await world.messages()  # the code goes to the complainant's own phone
    assert (told.kind, told.phone) == ("complaint_received", COMPLAINANT.phone)
    typed = {"number": told.params["number"], "code": told.params["code"]}
    assert (await world.ask("public", "POST", "/public/complaints/progress", typed)).status_code == 200


@pytest.mark.clause("O2")
async def test_who_may_hand_in_how(world: World) -> None:
    taken = {}
    for role in ROLES:
        for channel in ("web", "phone", "letter"):
            form = world.form(channel=channel)
            answer = await world.ask(role, "POST", "/public/complaints", form)
            taken[role, channel] = answer.status_code
    good = {("public", "web")} | {
        (role, channel) for role in ("secretariat", "supervisor") for channel in ("phone", "letter")
    }
    assert {key for key, status in taken.items() if status == 201} == good
    assert {status for key, status in taken.items() if key not in good} == {403}


async def test_messages_and_steps_are_for_the_system_alone(world: World) -> None:
    await world.file(complainant=COMPLAINANT)
    for role in ROLES:
        if role == "system":
            continue
        for method, path, body in (
            ("GET", "/internal/complaint-messages", None),
            ("POST", "/internal/complaint-messages/told", {"ids": []}),
        ):
            answer = await world.ask(role, method, path, body)
            assert answer.status_code == 403
            assert COMPLAINANT.phone not in answer.text


@pytest.mark.clause("N3")
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"facts": "太短"}, "invalid_input"),
        ({"facts": "长" * 4001}, "invalid_input"),
        ({"complainant": {"name": "王", "phone": "13900001111"}}, "invalid_input"),
        ({"complainant": {"name": "王五", "phone": "drop table"}}, "invalid_input"),
        ({"files": [{"key": "recovery/x", "media_type": "image/png", "bytes": 1}]}, "invalid_input"),
        ({"files": [{"key": KEY, "media_type": "text/html", "bytes": 1}]}, "invalid_input"),
        ({"subject": "listed", "application_number": "2024-J-99999"}, "person_unknown"),
        ({"subject": "nobody"}, "invalid_input"),
    ],
)
async def test_rubbish_is_refused_and_leaves_nothing(
    world: World, changes: dict[str, Any], code: str
) -> None:
    form = {**world.form(), **changes}
    answer = await world.ask("public", "POST", "/public/complaints", form)
    assert answer.status_code == 422
    assert answer.json()["code"] == code
    assert await world.commands() == []
    page = (await world.ask("supervisor", "GET", "/complaints?state=all")).json()
    assert page["complaints"] == []


async def test_the_committee_cannot_write_in_others_names(world: World) -> None:
    complaint_id, _ = await world.file()
    for kind in ("statement", "reply", "answer"):
        body = {"kind": kind, "text": "冒充"}
        answer = await world.ask("supervisor", "POST", f"/complaints/{complaint_id}/entries", body)
        assert (answer.status_code, answer.json()["code"]) == (422, "wrong_kind")
