"""Commands: every step that moves something, in the order in which the gateway's log received them.

A command's body is at most 1 KB of IDs, versions, hashes, enums and numbers; texts and personal data are saved
first in the service that owns them.
"""

from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from contracts.bars import BarDecision
from contracts.base import Data, Input, WebAddress
from contracts.certificates import CertificateRuling
from contracts.complaints import (
    AcceptComplaint,
    CloseHearing,
    ComplaintPrepared,
    DecideComplaint,
    ExtensionPrepared,
    HearingPrepared,
    OpenComplaint,
    RestOnEntry,
    Unhold,
)
from contracts.keys import CorrectKey, KeyCorrected
from contracts.lifecycle import Route, Stage
from contracts.prepared import (
    ApplicationPrepared,
    CorrectionRevised,
    DecisionPrepared,
    FormPrepared,
    OutsidePrepared,
    RoundPrepared,
    ScanPrepared,
)
from contracts.results import CompleteDefence, CompleteExam, CompletePortfolio, RecordRank
from contracts.rulings import CancelFlags, Code, ContentKey, Disqualify

MAX_BODY_BYTES = 1024


class TargetKind(StrEnum):
    """What a command moves; lock and order are per target."""

    application = "application"
    round = "round"
    notice = "notice"
    complaint = "complaint"


class Role(StrEnum):
    applicant = "applicant"
    secretariat = "secretariat"
    reviewer = "reviewer"
    expert = "expert"
    panel_chair = "panel_chair"
    supervisor = "supervisor"
    district = "district"
    approver = "approver"
    operator = "operator"
    system = "system"
    """A service of ours; never a person."""


class Accepted(Data):
    kind: Literal["accepted"] = "accepted"


class Refused(Data):
    """An expected business refusal: stable code, Chinese message, the clause it rests on."""

    kind: Literal["refused"] = "refused"
    code: str
    message: str
    clause: str | None = None


Outcome = Annotated[Accepted | Refused, Field(discriminator="kind")]


# Bodies: what the sender says -------------------------------------------------------------------------------


class Nothing(Input):
    """No content: the name says it all."""


class Apply(Input):
    level: Annotated[str, Field(max_length=32)]
    route: Route = Route.regular


class Submit(Input):
    draft_version: int


class AttachScan(Input):
    form_version: int
    file_ids: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=20)]


class FileOutside(Input):
    """A row of a checked import: this application was filed in the outside system (S1)."""

    import_id: UUID
    row: Annotated[int, Field(ge=1)]


class ConfirmPayment(Input):
    order_id: UUID
    level: Annotated[str, Field(max_length=32)]
    amount_fen: Annotated[int, Field(gt=0)]


class DecideQualification(Input):
    """The decision itself was saved under the task in review; review checks lease, fence and conflicts."""

    task_id: UUID
    fence: int


class Resubmit(Input):
    """`answers_key`: what the applicant says to each flag (`PUT /applications/{id}/correction`), frozen (Q10)."""

    draft_version: int
    scan_file_ids: Annotated[tuple[UUID, ...], Field(max_length=20)] = ()
    answers_key: ContentKey | None = None


class RecordOutsideDecision(Input):
    accepted: bool
    document_key: ContentKey


class CloseNotice(Input):
    notice_id: UUID
    held: bool


class Hold(Input):
    """`reference`: the complaint that holds the person, when publication sends it (N3)."""

    reason: Code
    reference: UUID | None = None


class Exclude(Input):
    """`document_key`: what the second person reads before approving."""

    reason: Code
    document_key: ContentKey | None = None


class Issue(Input):
    final_list_id: UUID


class OpenRound(Input):
    pack_name: Code | Annotated[str, Field(max_length=64)]
    pack_key: ContentKey
    pack_hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    seed: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    """Given by a rehearsal or a demo; None: registration draws one."""


class ReleaseRanking(Input):
    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class PublishFinalList(Input):
    document_number: Annotated[str, Field(min_length=1, max_length=64)]


class ConfirmPosted(Input):
    """Proof that one target shows the list (N1): where, and a picture or the fetched page by its key."""

    target: Code
    url: WebAddress
    proof_key: ContentKey | None = None


# The table of commands --------------------------------------------------------------------------------------


class CommandName(StrEnum):
    apply = "apply"
    submit = "submit"
    attach_scan = "attach_scan"
    take_back = "take_back"
    discard = "discard"
    confirm_payment = "confirm_payment"
    withdraw = "withdraw"
    decide_qualification = "decide_qualification"
    resubmit = "resubmit"
    cancel_flags = "cancel_flags"
    record_outside_decision = "record_outside_decision"
    complete_exam = "complete_exam"
    complete_portfolio = "complete_portfolio"
    complete_defence = "complete_defence"
    record_rank = "record_rank"
    close_notice = "close_notice"
    hold = "hold"
    unhold = "unhold"
    disqualify = "disqualify"
    exclude = "exclude"
    issue = "issue"
    open_round = "open_round"
    release_ranking = "release_ranking"
    publish_final_list = "publish_final_list"
    confirm_posted = "confirm_posted"
    correct_key = "correct_key"
    key_corrected = "key_corrected"
    bar_person = "bar_person"
    lift_bar = "lift_bar"
    file_outside = "file_outside"
    revoke_certificate = "revoke_certificate"
    reissue_certificate = "reissue_certificate"
    open_complaint = "open_complaint"
    accept_complaint = "accept_complaint"
    refuse_complaint = "refuse_complaint"
    hear_accused = "hear_accused"
    close_hearing = "close_hearing"
    extend_complaint = "extend_complaint"
    decide_complaint = "decide_complaint"


class CommandSpec(Data):
    """What the gateway needs to know of a command before it stores it."""

    target: TargetKind
    body: type[Input]
    roles: frozenset[Role]
    window: Stage | None = None
    """The window against which `in_time` is settled; None: no window."""
    prepare: str | None = None
    """The service that freezes, unlocks or checks something before the decision, and undoes it on a refusal."""
    prepared: type[Data] | None = None
    two_persons: bool = False
    """Proposed by one person, confirmed by another of the approver pool, then stored."""
    after_end: bool = False
    """The run has ended: what `prepare` has done is the whole of it, and no workflow is asked."""


_applicant, _system = frozenset({Role.applicant}), frozenset({Role.system})
_secretariat = frozenset({Role.secretariat})
_supervisor = frozenset({Role.supervisor})
_reviewer = frozenset({Role.reviewer})
_a, _r, _n = TargetKind.application, TargetKind.round, TargetKind.notice


def _filing(
    body: type[Input],
    prepared: type[Data] | None = None,
    roles: frozenset[Role] = _applicant,
    window: Stage = Stage.filing,
) -> CommandSpec:
    """What is done to a form while its window is open; registration checks or freezes something first."""
    return CommandSpec(
        target=_a, body=body, roles=roles, window=window, prepare="registration", prepared=prepared
    )


def _by_two(
    target: TargetKind,
    body: type[Input],
    prepare: str | None = None,
    roles: frozenset[Role] = _secretariat,
    *,
    after_end: bool = False,
) -> CommandSpec:
    """Proposed by one person, by default of the secretariat, confirmed by another."""
    return CommandSpec(
        target=target, body=body, roles=roles, prepare=prepare, two_persons=True, after_end=after_end
    )


def _own(body: type[Input], roles: frozenset[Role] = _system) -> CommandSpec:
    """Of an application, without a window and without anything to prepare."""
    return CommandSpec(target=_a, body=body, roles=roles)


def _complaint(
    body: type[Input], prepared: type[Data] | None = None, roles: frozenset[Role] = _supervisor
) -> CommandSpec:
    """What moves a complaint; publication, which alone keeps its texts, checks it first (O4)."""
    return CommandSpec(
        target=TargetKind.complaint, body=body, roles=roles, prepare="publication", prepared=prepared
    )


COMMANDS: dict[CommandName, CommandSpec] = {
    CommandName.apply: _filing(Apply, ApplicationPrepared),
    CommandName.submit: _filing(Submit, FormPrepared),
    CommandName.attach_scan: _filing(AttachScan, ScanPrepared),
    CommandName.take_back: _filing(Nothing),
    CommandName.discard: _filing(Nothing),
    CommandName.file_outside: _filing(FileOutside, OutsidePrepared, _system),
    CommandName.confirm_payment: CommandSpec(
        target=_a, body=ConfirmPayment, roles=_system, window=Stage.filing
    ),
    CommandName.withdraw: _own(Nothing, _applicant),
    CommandName.decide_qualification: CommandSpec(
        target=_a, body=DecideQualification, roles=_reviewer, prepare="review", prepared=DecisionPrepared
    ),
    CommandName.resubmit: _filing(Resubmit, FormPrepared, window=Stage.correction),
    CommandName.cancel_flags: CommandSpec(
        target=_a,
        body=CancelFlags,
        roles=_reviewer | _secretariat,
        prepare="review",
        prepared=CorrectionRevised,
        two_persons=True,
    ),
    CommandName.record_outside_decision: _by_two(_a, RecordOutsideDecision),
    CommandName.complete_exam: _own(CompleteExam),
    CommandName.complete_portfolio: _own(CompletePortfolio),
    CommandName.complete_defence: _own(CompleteDefence),
    CommandName.record_rank: _own(RecordRank),
    CommandName.close_notice: _own(CloseNotice),
    CommandName.hold: _own(Hold, _supervisor | _system),
    CommandName.unhold: CommandSpec(
        target=_a, body=Unhold, roles=_supervisor | _system, prepare="publication"
    ),
    CommandName.disqualify: _by_two(_a, Disqualify, "review", _supervisor | _secretariat),
    CommandName.exclude: _by_two(_a, Exclude),
    CommandName.issue: _own(Issue),
    CommandName.open_round: CommandSpec(
        target=_r,
        body=OpenRound,
        roles=frozenset({Role.secretariat, Role.operator}),
        prepare="registration",
        prepared=RoundPrepared,
    ),
    CommandName.release_ranking: _by_two(_r, ReleaseRanking),
    CommandName.publish_final_list: _by_two(_r, PublishFinalList),
    CommandName.confirm_posted: _by_two(_n, ConfirmPosted),
    CommandName.correct_key: _by_two(_r, CorrectKey, "scoring"),
    CommandName.key_corrected: CommandSpec(target=_r, body=KeyCorrected, roles=_system, prepare="exam"),
    CommandName.bar_person: _by_two(_r, BarDecision, "registration"),
    CommandName.lift_bar: _by_two(_r, BarDecision, "registration"),
    CommandName.revoke_certificate: _by_two(
        _a, CertificateRuling, "publication", _supervisor | _secretariat, after_end=True
    ),
    CommandName.reissue_certificate: _by_two(_a, CertificateRuling, "publication", after_end=True),
    CommandName.open_complaint: _complaint(OpenComplaint, ComplaintPrepared, _system),
    CommandName.accept_complaint: _complaint(AcceptComplaint),
    CommandName.refuse_complaint: _complaint(RestOnEntry),
    CommandName.hear_accused: _complaint(RestOnEntry, HearingPrepared),
    CommandName.close_hearing: _complaint(CloseHearing, None, _system),
    CommandName.extend_complaint: _complaint(RestOnEntry, ExtensionPrepared),
    CommandName.decide_complaint: _complaint(DecideComplaint),
}


# Envelopes --------------------------------------------------------------------------------------------------


class Command(Data):
    """One command as the dispatcher hands it to a workflow; `id` is also the update ID.

    Commands that came too late were answered when they were stored and never get here.
    """

    id: UUID
    name: CommandName
    role: Role
    body: dict[str, Any]
    prepared: dict[str, Any] | None = None
    received_at: AwareDatetime
    effective_at: AwareDatetime | None = None

    def typed_body(self) -> Input:
        """The body as its own model; `pydantic.ValidationError` if it is malformed."""
        return COMMANDS[self.name].body.model_validate(self.body)

    def typed_prepared(self) -> Data | None:
        model = COMMANDS[self.name].prepared
        return None if model is None else model.model_validate(self.prepared)


class PrepareRequest(Data):
    """Gateway → service before the decision; idempotent by `command_id`. Also the body of `unprepare`."""

    command_id: UUID
    name: CommandName
    target_id: UUID
    round_id: UUID
    subject: UUID | None
    """The account that acts, None for a service."""
    role: Role
    body: dict[str, Any]
    received_at: AwareDatetime
    closes_at: AwareDatetime | None = None
    """End of the window in force when the command was stored."""


class PrepareResult(Data):
    """Either `data` (the model that the command's spec names as `prepared`) or a refusal."""

    data: dict[str, Any] | None = None
    refused: Refused | None = None


class ServiceCommand(Data):
    """Service → gateway, from its outbox: a step that a machine takes. `id` = UUIDv5(effect key, n)."""

    id: UUID
    target_kind: TargetKind
    target_id: UUID
    round_id: UUID
    name: CommandName
    body: dict[str, Any]
    effective_at: AwareDatetime | None = None
    """When it happened in the world (provider's success time, bank's date); trusted from services only."""


class CommandState(StrEnum):
    received = "received"
    prepared = "prepared"
    answered = "answered"
    refused = "refused"
    quarantined = "quarantined"


class Receipt(Data):
    """What the sender of a command gets; `outcome` is None while it is under way (HTTP 202)."""

    id: UUID
    name: CommandName
    target_id: UUID
    state: CommandState
    received_at: AwareDatetime
    outcome: Outcome | None = None
