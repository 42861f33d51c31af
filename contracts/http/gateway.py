"""HTTP of the gateway itself: sessions, staff, rounds, applications, commands, proposals, windows, case and lists.

All paths begin with `/api/v1`. Errors are problem+json with a stable `code`. Commands: body of the command,
header `Idempotency-Key`; 200 `Receipt` accepted · 202 `Receipt` under way · 409 problem refused (code, clause).
"""

from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from contracts.base import Data, Input
from contracts.commands import Apply, CommandName, Receipt, Role, TargetKind
from contracts.lifecycle import ActionRequiredBy, Phase, RoundStage, Route, Stage, Status

__all__ = ["Apply", "Receipt"]

Phone = Annotated[str, Field(pattern=r"^1[3-9]\d{9}$")]
"""A mainland mobile number."""
Username = Annotated[str, Field(pattern=r"^[a-z][a-z0-9._-]{2,31}$")]
Password = Annotated[str, Field(min_length=10, max_length=128)]
SecondFactorCode = Annotated[str, Field(min_length=6, max_length=20)]
"""Six digits of the authenticator, or a recovery code."""
Name = Annotated[str, Field(min_length=1, max_length=40)]
Reason = Annotated[str, Field(min_length=2, max_length=200)]


# Accounts and sessions --------------------------------------------------------------------------------------


class AskCode(Input):
    """POST /auth/code. The answer is the same whether the phone is known or not. 429 `too_many_requests`."""

    phone: Phone


class CodeAsked(Data):
    expires_in: int
    """Seconds for which the code is good."""
    again_in: int
    """Seconds until another one may be asked for."""


class OpenSession(Input):
    """POST /auth/session. Errors: 401 `wrong_code` (also expired, used, tried too often), 429."""

    phone: Phone
    code: Annotated[str, Field(pattern=r"^\d{6}$")]


class OpenStaffSession(Input):
    """POST /auth/staff-session. `code`: the second factor's, or a recovery code.

    Errors: 401 `wrong_password`, `second_factor_needed`, `wrong_second_factor`, 429.
    """

    username: Annotated[str, Field(min_length=1, max_length=64)]
    password: Annotated[str, Field(min_length=1, max_length=128)]
    code: SecondFactorCode | None = None


class Awaiting(StrEnum):
    """What a session still waits for. `enrol`: the second factor must be set up, nothing else can be done before."""

    code = "code"
    enrol = "enrol"


class SessionOpened(Data):
    """`token` for `Authorization: Bearer`; browsers get it as an HttpOnly cookie too."""

    token: str
    account_id: UUID
    roles: tuple[Role, ...]
    expires_at: AwareDatetime
    awaiting: Awaiting | None = None


class AccountKind(StrEnum):
    person = "person"
    staff = "staff"


class Me(Data):
    """GET /me. `phone` is masked (138****5678)."""

    account_id: UUID
    kind: AccountKind
    roles: tuple[Role, ...]
    display_name: str = ""
    unit: str = ""
    phone: str | None = None


StaffRole = Literal[
    Role.secretariat,
    Role.reviewer,
    Role.expert,
    Role.panel_chair,
    Role.supervisor,
    Role.district,
    Role.approver,
    Role.operator,
]


class SetUp(Input):
    """POST /setup, once: the first operator. Errors: 403 `wrong_setup_token`, 409 `already_set_up`."""

    token: Annotated[str, Field(min_length=1, max_length=200)]
    username: Username
    password: Password
    display_name: Name


class CreateStaff(Input):
    """POST /staff (operator). `district` is required for role district.

    Without a password nobody gets in before the account's own person set one by a link (POST /staff/{id}/link).
    Errors: 409 `username_taken`, 422 `district_needed`, `roles_conflict`.
    """

    username: Username
    password: Password | None = None
    roles: Annotated[tuple[StaffRole, ...], Field(min_length=1, max_length=8)]
    display_name: Name
    unit: Annotated[str, Field(max_length=100)] = ""
    district: Annotated[str, Field(max_length=40)] | None = None


class SetRoles(Input):
    """PUT /staff/{account_id}/roles (operator); sessions of the account end at once.

    Errors: 409 `last_operator`, 422 `roles_conflict`, `district_needed`.
    """

    roles: Annotated[tuple[StaffRole, ...], Field(max_length=8)]
    reason: Annotated[str, Field(max_length=200)] = ""


class Staff(Data):
    account_id: UUID
    username: str
    display_name: str
    unit: str
    district: str | None
    roles: tuple[Role, ...]
    disabled: bool = False
    has_password: bool = True
    second_factor: bool = False


class StaffList(Data):
    staff: tuple[Staff, ...]


# Rounds and applications ------------------------------------------------------------------------------------


class CreateRound(Input):
    """POST /rounds (secretariat, operator), `Idempotency-Key`. `seed` None: the round draws its own.

    Errors: 404 `unknown_pack`; 422 `pack_has_problems` with `details.problems` [{file, line, field, message}].
    """

    pack: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
    seed: Annotated[str, Field(min_length=1, max_length=64)] | None = None


class RoundCreated(Data):
    round_id: UUID
    receipt: Receipt


class Applied(Data):
    """POST /rounds/{round_id}/applications with `Apply`. Errors: 404 `unknown_round`, 409 `identity_needed`."""

    application_id: UUID
    receipt: Receipt


class TimelineEntry(Data):
    """One thing that happened, in plain words. `code` is the event type or command name."""

    at: AwareDatetime
    code: str
    text: str
    clause: str | None = None
    stage: Stage | None = None
    refused: bool = False


class ToDo(Data):
    """What the applicant can do now. `command` or `href` leads there; `deadline` None: no deadline."""

    code: str
    title: str
    text: str
    command: CommandName | None = None
    href: str | None = None
    clause: str | None = None
    deadline: AwareDatetime | None = None
    required: bool = True
    """False: may be done, need not be."""
    facts: tuple[tuple[str, str], ...] = ()
    """What it is about, as label and value: time, place."""


class ApplicationLine(Data):
    """A line of "my applications". Before the first event is in, stage and status are those of a new draft."""

    application_id: UUID
    round_id: UUID
    application_number: str | None = None
    level: str | None = None
    stage: Stage
    status: Status
    stage_name: str
    status_name: str
    action_required_by: ActionRequiredBy
    closes_at: AwareDatetime | None = None
    next_step: ToDo | None = None
    """What has to be done first, if anything."""


class ApplicationList(Data):
    applications: tuple[ApplicationLine, ...]


class CaseView(Data):
    """GET /applications/{id}: everything that is known, newest first where it differs, ordered by `seq`."""

    application_id: UUID
    round_id: UUID
    application_number: str | None
    level: str | None
    level_name: str | None
    route: Route
    seq: int
    stage: Stage
    status: Status
    action_required_by: ActionRequiredBy
    stage_name: str
    status_name: str
    action_required_by_name: str
    closes_at: AwareDatetime | None
    held: bool = False
    pending: tuple[Receipt, ...] = ()
    """Commands that are stored and not answered yet."""
    last_refusal: TimelineEntry | None = None
    to_do: tuple[ToDo, ...]
    timeline: tuple[TimelineEntry, ...]


# Windows, commands, proposals -------------------------------------------------------------------------------


class ExtendWindow(Input):
    """POST /rounds|applications/{id}/windows/{stage}/extend (secretariat). Never shorter, only while open.

    Errors: 404 `window_unknown`; 409 `window_closed`, `window_not_later`.
    """

    closes_at: AwareDatetime
    reason: Reason


class WindowView(Data):
    target_kind: TargetKind
    target_id: UUID
    stage: Stage
    opens_at: AwareDatetime
    closes_at: AwareDatetime


class Windows(Data):
    """GET /rounds|applications/{id}/windows."""

    windows: tuple[WindowView, ...]


class ProposalState(StrEnum):
    open = "open"
    approved = "approved"
    rejected = "rejected"


class Proposal(Data):
    """A two-person command (O2). `receipt` is there once it was approved."""

    id: UUID
    target_kind: TargetKind
    target_id: UUID
    round_id: UUID
    name: CommandName
    title: str
    body: dict[str, Any]
    state: ProposalState
    proposed_by: UUID
    proposed_by_name: str
    proposed_at: AwareDatetime
    decided_by: UUID | None = None
    decided_by_name: str | None = None
    decided_at: AwareDatetime | None = None
    reason: str | None = None
    receipt: Receipt | None = None


class ProposalPage(Data):
    """GET /proposals?state=&cursor=&limit=."""

    proposals: tuple[Proposal, ...]
    next_cursor: str | None = None


class SetAside(Input):
    """POST /commands/{id}/refuse (secretariat, operator): a quarantined command is answered as refused.

    Errors: 404; 409 `not_quarantined`, `may_have_happened`.
    """

    reason: Reason


class RejectProposal(Input):
    """POST /proposals/{id}/reject. Errors as approve: 403 `own_proposal`, 404, 409 `already_decided`."""

    reason: Reason


# Lists from the read model (what `readmodel.queries` answers) -----------------------------------------------


class KnownCase(Data):
    """A case as the read model knows it; person fields only for roles that may see them."""

    application_id: UUID
    round_id: UUID
    person_id: UUID | None = None
    application_number: str
    level: str
    route: Route = Route.regular
    seq: int
    stage: Stage
    status: Status
    action_required_by: ActionRequiredBy
    closes_at: AwareDatetime | None = None
    phase: Phase | None = None
    held: bool = False
    since: AwareDatetime
    """When it entered this stage and status: its age in the queue."""
    updated_at: AwareDatetime
    name: str | None = None
    unit: str | None = None
    district: str | None = None


class CaseOrder(StrEnum):
    """`number`: by application number; `age`: what has not ended and has waited longest first."""

    number = "number"
    age = "age"


class CaseFilters(Input):
    """Query of GET /rounds/{id}/cases. A cursor is good for the order that it came with."""

    stage: Stage | None = None
    status: Status | None = None
    level: Annotated[str, Field(max_length=32)] | None = None
    action_required_by: ActionRequiredBy | None = None
    district: Annotated[str, Field(max_length=40)] | None = None
    text: Annotated[str, Field(max_length=40)] | None = None
    """Begin of the application number, or part of name or unit."""
    held: bool | None = None
    order: CaseOrder = CaseOrder.number


class CasePage(Data):
    cases: tuple[KnownCase, ...]
    next_cursor: str | None = None


class FunnelLine(Data):
    """How many applications of one level are where, and for how long at most."""

    level: str
    stage: Stage
    status: Status
    count: int
    oldest_since: AwareDatetime | None = None


class Funnel(Data):
    """GET /rounds/{id}/funnel."""

    round_id: UUID
    stage: RoundStage | None = None
    total: int
    lines: tuple[FunnelLine, ...]
