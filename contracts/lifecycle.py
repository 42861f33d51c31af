"""Stages, statuses and who must act: the words in which everybody speaks of one application."""

from enum import StrEnum
from uuid import UUID, uuid5

from pydantic import AwareDatetime

from contracts.base import Data


class Stage(StrEnum):
    """Stage kinds of an application; which of them, in which order, the plan of its level says."""

    filing = "filing"
    qualification = "qualification"
    correction = "correction"
    outside_decision = "outside_decision"
    exam = "exam"
    portfolio = "portfolio"
    defence = "defence"
    totals = "totals"
    notice = "notice"
    certificate = "certificate"
    ended = "ended"


class Status(StrEnum):
    """Finer than the stage; shown to people in `docs/lifecycle.md`'s words."""

    draft = "draft"
    submitted = "submitted"
    under_review = "under_review"
    awaiting_correction = "awaiting_correction"
    under_second_review = "under_second_review"
    awaiting_outside_decision = "awaiting_outside_decision"
    awaiting_exam = "awaiting_exam"
    under_evaluation = "under_evaluation"
    awaiting_defence = "awaiting_defence"
    awaiting_ranking = "awaiting_ranking"
    absent = "absent"
    awaiting_notice = "awaiting_notice"
    held = "held"
    awaiting_certificate = "awaiting_certificate"
    # terminal
    lapsed = "lapsed"
    discarded = "discarded"
    withdrawn = "withdrawn"
    not_qualified = "not_qualified"
    not_certified = "not_certified"
    disqualified = "disqualified"
    excluded = "excluded"
    certified = "certified"


TERMINAL = frozenset(
    {
        Status.lapsed,
        Status.discarded,
        Status.withdrawn,
        Status.not_qualified,
        Status.not_certified,
        Status.disqualified,
        Status.excluded,
        Status.certified,
    }
)


class ActionRequiredBy(StrEnum):
    """Who holds the ball."""

    applicant = "applicant"
    secretariat = "secretariat"
    reviewer = "reviewer"
    expert = "expert"
    supervisor = "supervisor"
    outside = "outside"
    nobody = "nobody"


class Phase(StrEnum):
    """What a round's barriers count: still open, ready for the ranking, in the public notice, ended."""

    open = "open"
    ready = "ready"
    listed = "listed"
    ended = "ended"


class Route(StrEnum):
    """`direct` is 破格直接认证 (E5)."""

    regular = "regular"
    direct = "direct"


class RoundStage(StrEnum):
    """Where a whole round stands."""

    filing = "filing"
    assessment = "assessment"
    ranked = "ranked"
    released = "released"
    notice = "notice"
    final_list = "final_list"
    issuing = "issuing"
    closed = "closed"


class Plan(Data):
    """The stages of one application in order, from the pack: `levels[].stages` or the direct route's."""

    level: str
    route: Route
    stages: tuple[Stage, ...]


class Transition(Data):
    """One move of an application; `seq` grows by one and orders everything that is known of it."""

    seq: int
    stage: Stage
    status: Status
    action_required_by: ActionRequiredBy
    closes_at: AwareDatetime | None = None


class RoundTransition(Data):
    """One move of a round."""

    seq: int
    stage: RoundStage
    closes_at: AwareDatetime | None = None


class CaseRef(Data):
    """What an activity needs to find everything of one application; no personal data.

    `snapshot_key` and `facts_key` are keys in the content store (`sha256/<hex>`), absent before `submit`.
    `round_seed`: papers and draws are H(round seed, application number), so a round can be drawn again, and not
    before its seed is known.
    """

    application_id: UUID
    round_id: UUID
    application_number: str
    level: str
    route: Route = Route.regular
    pack_key: str
    snapshot_key: str | None = None
    facts_key: str | None = None
    round_seed: str = ""


class RoundRef(Data):
    """What an activity needs to know of a round; `pack_key` is the pinned rule pack in the content store."""

    round_id: UUID
    pack_key: str


def application_id(round_id: UUID, person_id: UUID) -> UUID:
    """One application per person and round (L1)."""
    return uuid5(round_id, str(person_id))


def application_workflow_id(application: UUID) -> str:
    return f"application:{application}"


def round_workflow_id(round_id: UUID) -> str:
    return f"round:{round_id}"


def notice_workflow_id(notice: UUID) -> str:
    return f"notice:{notice}"
