"""Which events are told, in which words, and when the last reminder goes out."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from pydantic import SecretStr

from contracts.events import EventType, case_event
from contracts.lifecycle import ActionRequiredBy, CaseRef, Stage, Status, Transition
from kit.settings import MissingSetting
from services.notification import domain
from services.notification.adapters import carrier_of
from services.notification.settings import NotificationSettings

CASE = CaseRef(
    application_id=UUID(int=1),
    round_id=UUID(int=2),
    application_number="2024-J-00001",
    level="junior",
    pack_key="sha256/" + "0" * 64,
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=domain.SHANGHAI)


@pytest.mark.clause("Q11")
@pytest.mark.parametrize(
    ("closes_at", "morning"),
    [
        ("2025-03-07 00:00", "2025-03-06 08:00"),  # 24:00 of 6 March
        ("2025-03-07 18:00", "2025-03-07 08:00"),
        ("2025-01-01 00:00", "2024-12-31 08:00"),
    ],
)
def test_the_last_reminder_is_in_the_morning_of_the_last_day(closes_at: str, morning: str) -> None:
    assert domain.last_morning(at(closes_at).astimezone(UTC)) == at(morning)


@pytest.mark.parametrize(
    ("moment", "words"), [("2025-03-07 00:00", "3月6日24:00"), ("2025-03-07 18:05", "3月7日18:05")]
)
def test_deadlines_as_people_say_them(moment: str, words: str) -> None:
    assert domain.in_words(at(moment).astimezone(UTC)) == words


def opened(status: Status, closes_at: datetime | None = None) -> Transition:
    return Transition(
        seq=3,
        stage=Stage.qualification,
        status=status,
        action_required_by=ActionRequiredBy.reviewer,
        closes_at=closes_at,
    )


def test_the_second_look_is_not_told_as_filed_again() -> None:
    said = [
        domain.telling(
            case_event(
                EventType.qualification_opened,
                CASE,
                effect_key="k",
                occurred_at=datetime.now(UTC),
                transition=opened(status),
            )
        )
        for status in (Status.under_review, Status.under_second_review)
    ]
    assert said[0] is not None
    assert said[0].template == "filed"
    assert said[1] is None


@pytest.mark.clause("Q10", "Q11")
def test_a_correction_is_told_with_its_deadline() -> None:
    event = case_event(
        EventType.correction_opened,
        CASE,
        effect_key="k",
        occurred_at=datetime.now(UTC),
        transition=opened(Status.awaiting_correction, at("2025-03-07 00:00")),
    )
    said = domain.telling(event)
    assert said is not None
    text = domain.render(said.template, said.values)
    assert "2024-J-00001" in text
    assert "3月6日24:00" in text
    assert "仅有一次机会" in text


@pytest.mark.clause("D1")
def test_a_defence_is_told_with_its_time_and_without_its_link() -> None:
    set_, gone = (
        case_event(type_, CASE, effect_key="k", occurred_at=datetime.now(UTC), **data)
        for type_, data in (
            (EventType.defence_scheduled, {"starts_at": at("2025-03-08 09:15").isoformat()}),
            (EventType.defence_postponed, {}),
        )
    )
    texts = []
    for event in (set_, gone):
        said = domain.telling(event)
        assert said is not None
        texts.append(domain.render(said.template, said.values))
    assert texts == [
        "【辅导】申报 2024-J-00001 的答辩安排在 3月8日09:15，地点或会议链接请登录查看，请提前 10 分钟到场。",
        "【辅导】申报 2024-J-00001 的答辩改期，新的时间另行通知，请留意。",
    ]


def test_every_told_event_has_a_template() -> None:
    assert set(domain._TOLD.values()) <= set(domain.TEMPLATES)


def test_texts_for_approval_have_numbered_places_and_no_name() -> None:
    assert domain.for_approval("login_code") == "登录验证码 {1}，{2} 分钟内有效。请勿告诉他人。"
    assert domain.in_order("correction", {"deadline": "3月6日24:00", "number": "1"}) == ("1", "3月6日24:00")


def test_a_message_is_tried_again_after_longer_pauses() -> None:
    assert [domain.pause(n).total_seconds() for n in (0, 1, 5, 6, 40)] == [5, 10, 160, 300, 300]


def test_without_an_account_at_the_carrier_the_process_says_what_is_missing() -> None:
    assert carrier_of(NotificationSettings(mailbox=True)) is None
    with pytest.raises(MissingSetting, match="NOTIFICATION_SMS_SECRET_ID"):
        carrier_of(NotificationSettings())
    with pytest.raises(MissingSetting, match="NOTIFICATION_SMS_SIGN"):
        carrier_of(NotificationSettings(sms_secret_id="a", sms_secret_key=SecretStr("b"), sms_app_id="c"))
