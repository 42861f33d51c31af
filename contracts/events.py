"""Events: what happened, in the past tense, without personal data (except `ProfileChanged`, encrypted per person)."""

from enum import StrEnum
from typing import Any
from uuid import UUID, uuid5

from pydantic import AwareDatetime, Field

from contracts.base import Data
from contracts.lifecycle import CaseRef, RoundTransition, Transition

EVENT_NAMESPACE = UUID("5b2b9c1e-6f0d-5d5e-9a53-3d2a6c7e1f40")
"""Namespace of all event and machine-command IDs: UUIDv5(EVENT_NAMESPACE, "{effect key}/{n}")."""


class Topic(StrEnum):
    applications = "fudao.applications"
    rounds = "fudao.rounds"
    people = "fudao.people"
    dead = "fudao.dead"


PARTITIONS = 4


class EventType(StrEnum):
    # filing
    application_started = "ApplicationStarted"
    form_submitted = "FormSubmitted"
    form_taken_back = "FormTakenBack"
    draft_discarded = "DraftDiscarded"
    scan_received = "ScanReceived"
    payment_received = "PaymentReceived"
    # assessment
    qualification_opened = "QualificationOpened"
    qualification_decided = "QualificationDecided"
    correction_opened = "CorrectionOpened"
    correction_submitted = "CorrectionSubmitted"
    hearing_opened = "HearingOpened"
    hearing_closed = "HearingClosed"
    outside_decision_awaited = "OutsideDecisionAwaited"
    exam_enrolled = "ExamEnrolled"
    exam_graded = "ExamGraded"
    portfolio_opened = "PortfolioOpened"
    portfolio_completed = "PortfolioCompleted"
    defence_opened = "DefenceOpened"
    defence_scheduled = "DefenceScheduled"
    defence_postponed = "DefencePostponed"
    defence_completed = "DefenceCompleted"
    # result
    components_received = "ComponentsReceived"
    notice_listed = "NoticeListed"
    hold_changed = "HoldChanged"
    certificate_awaited = "CertificateAwaited"
    certificate_issued = "CertificateIssued"
    application_ended = "ApplicationEnded"
    # after the end
    certificate_hearing_opened = "CertificateHearingOpened"
    certificate_revoked = "CertificateRevoked"
    certificate_reissued = "CertificateReissued"
    # people and rounds
    profile_changed = "ProfileChanged"
    round_moved = "RoundMoved"
    ranking_made = "RankingMade"
    notice_posted = "NoticePosted"
    notice_closed = "NoticeClosed"
    final_list_published = "FinalListPublished"


class Event(Data):
    """Envelope. `target_id` is the key on the topic: application, round or person.

    `transition` is there when the event moved the application; consumers apply it only for a higher `seq`.
    `data` holds codes, numbers, IDs and instants only.
    """

    id: UUID
    type: EventType
    version: int = 1
    topic: Topic
    target_id: UUID
    application_id: UUID | None = None
    round_id: UUID | None = None
    occurred_at: AwareDatetime
    seq: int | None = None
    transition: Transition | None = None
    round_transition: RoundTransition | None = None
    data: dict[str, Any] = Field(default_factory=dict)


class Profile(Data):
    """The decrypted content of `ProfileChanged`."""

    person_id: UUID
    name: str
    unit: str = ""
    district: str = ""
    phone: str = ""


def derived_id(effect_key: str, n: int = 0) -> UUID:
    """The ID of the n-th row that one effect writes to the outbox."""
    return uuid5(EVENT_NAMESPACE, f"{effect_key}/{n}")


def case_event(
    type_: EventType,
    case: CaseRef,
    *,
    effect_key: str,
    occurred_at: AwareDatetime,
    transition: Transition | None = None,
    n: int = 0,
    **data: Any,
) -> Event:
    """An event of one application."""
    return Event(
        id=derived_id(effect_key, n),
        type=type_,
        topic=Topic.applications,
        target_id=case.application_id,
        application_id=case.application_id,
        round_id=case.round_id,
        occurred_at=occurred_at,
        seq=transition.seq if transition else None,
        transition=transition,
        data={
            "level": case.level,
            "route": case.route,
            "application_number": case.application_number,
            **data,
        },
    )


def round_event(
    type_: EventType,
    round_id: UUID,
    *,
    effect_key: str,
    occurred_at: AwareDatetime,
    transition: RoundTransition | None = None,
    n: int = 0,
    **data: Any,
) -> Event:
    """An event of a round."""
    return Event(
        id=derived_id(effect_key, n),
        type=type_,
        topic=Topic.rounds,
        target_id=round_id,
        round_id=round_id,
        occurred_at=occurred_at,
        seq=transition.seq if transition else None,
        round_transition=transition,
        data=data,
    )
