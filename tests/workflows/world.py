"""A world of fake services for workflow tests: every activity stub answered, every call written down.

Deadlines come from the *real* pack and calendar; only the servers behind the activities are missing. The
time-skipping server cannot start in the past, so all its instants are shifted: `World.now()` is a moment of 2025.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from temporalio import activity
from temporalio.client import Client, WorkflowHandle
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from contracts import exam, gateway, payment, publication, registration, review, scoring
from contracts.commands import Command, CommandName, Outcome, Role, TargetKind
from contracts.complaints import ComplaintMove, ComplaintRef, ComplaintStage, complaint_workflow_id
from contracts.gateway import Closed, CloseWindow, Extended, OpenWindow, WindowEnded, WindowOpened
from contracts.lifecycle import (
    ActionRequiredBy,
    CaseRef,
    Phase,
    Plan,
    Route,
    Stage,
    application_workflow_id,
)
from contracts.payment import OpenOrder, OrderOpened, Settle, Settled, SettleState
from contracts.publication import FinalListPublished, NoticePosted, PostNotice
from contracts.registration import AwaitPhase, Done, PhaseCounts
from contracts.scoring import MakeRanking, RankingMade
from contracts.workflows import TASK_QUEUE
from gateway.intake.log import OUTCOME
from kit.temporal import NOT_YET, make_worker
from rules import windows
from rules.pack import LoadedPack
from services.publication.domain import complaints as complaint_rules
from tests.workflows.settings import SETTINGS
from workflows.application import ApplicationEnd, ApplicationLifecycle, StartApplication
from workflows.complaint import ComplaintEnd, ComplaintWorkflow, StartComplaint
from workflows.doors import attributes

KEY = "sha256/" + "0" * 64
ROUND = UUID("01900000-0000-7000-8000-000000000001")
MODULES = (exam, gateway, payment, publication, registration, review, scoring)


@dataclass
class Call:
    """One activity call as the services would see it."""

    name: str
    request: Any
    at: datetime


@dataclass
class World:
    """Answers of the fakes; tests change them before or while a workflow runs."""

    env: WorkflowEnvironment
    pack: LoadedPack
    offset: timedelta
    """The server's clock minus the round's."""
    calls: list[Call] = field(default_factory=list)
    windows: dict[tuple[UUID, Stage], tuple[datetime, datetime]] = field(default_factory=dict)
    extensions: dict[Stage, list[datetime]] = field(default_factory=dict)
    settle: list[Settled] = field(default_factory=lambda: [Settled(state=SettleState.unpaid)])
    paid_on_order: bool = False
    filed: dict[str, int] = field(default_factory=lambda: {"junior": 1})
    targets: tuple[str, ...] = ("site", "platform")
    not_yet: dict[str, int] = field(default_factory=dict)
    fail_once: set[str] = field(default_factory=set)
    notice_id: UUID | None = field(default_factory=lambda: UUID(int=77))

    def named(self, name: str) -> list[Call]:
        return [call for call in self.calls if call.name == name]

    def moves(self) -> list[tuple[Stage, str]]:
        """Stage and status of every transition, in the order in which services were told."""
        told = [getattr(call.request, "transition", None) for call in self.calls]
        return [(move.stage, move.status.value) for move in told if move is not None]

    async def now(self) -> datetime:
        """The round's clock."""
        return (await self.env.get_current_time()).astimezone(UTC) - self.offset

    async def until(self, moment: datetime) -> None:
        """Skip time until the round's clock shows `moment`."""
        await self.env.sleep(max(moment - await self.now(), timedelta()))

    async def answer(self, name: str, request: Any) -> Any:
        now = await self.now()
        self.calls.append(Call(name, request, now))
        if name in self.fail_once:
            self.fail_once.discard(name)
            raise ApplicationError("a mistake in a service", non_retryable=True)
        if self.not_yet.get(name, 0) > 0:
            self.not_yet[name] -= 1
            raise ApplicationError("not yet", type=NOT_YET)
        match request:
            case OpenWindow():
                return self._open(request, request.opens_at - self.offset if request.opens_at else now)
            case CloseWindow():
                return self._close(request, now)
            case OpenOrder():
                return OrderOpened(order_id=UUID(int=8), amount_fen=30000, paid=self.paid_on_order)
            case Settle():
                return self.settle.pop(0) if len(self.settle) > 1 else self.settle[0]
            case AwaitPhase():
                return PhaseCounts(phases={"junior": {Phase.ready: 1}}, filed=self.filed)
            case MakeRanking():
                return RankingMade(ranking_id=UUID(int=6), digest="d" * 64)
            case PostNotice():
                return NoticePosted(notice_id=self.notice_id, targets=self.targets)
            case publication.PublishFinalList():
                return FinalListPublished(final_list_id=UUID(int=4))
            case _:
                return Done()

    def _open(self, request: OpenWindow, opening: datetime) -> WindowOpened:
        opens = windows.opens_at(self.pack.pack, request.stage) or opening
        closes = windows.closes_at(self.pack.pack, request.stage, opening)
        self.windows[(request.target_id, request.stage)] = (opens, closes)
        return WindowOpened(opens_at=opens + self.offset, closes_at=closes + self.offset)

    def _close(self, request: CloseWindow, now: datetime) -> WindowEnded:
        waiting = self.extensions.get(request.stage, [])
        if waiting:
            return WindowEnded(end=Extended(closes_at=waiting.pop(0) + self.offset))
        if now < request.deadline - self.offset:
            raise ApplicationError("window is still open", type=NOT_YET)
        return WindowEnded(end=Closed())


def fakes(world: World) -> dict[str, list[Callable[..., Any]]]:
    """One fake per stub, by task queue: same name, same input, same output."""

    def fake(stub: Callable[..., Any]) -> Callable[..., Any]:
        definition = activity._Definition.must_from_callable(stub)
        name = definition.name
        assert name is not None
        request_type = (definition.arg_types or [Any])[0]

        async def run(request: Any) -> Any:
            return await world.answer(name, request)

        run.__annotations__ = {"request": request_type, "return": definition.ret_type}
        return activity.defn(name=name)(run)

    return {module.TASK_QUEUE: [fake(stub) for stub in module.STUBS] for module in MODULES}


async def start_application(
    world: World,
    client: Client,
    *,
    level: str = "intermediate",
    route: Route = Route.regular,
    filing_closes_at: datetime | None = None,
    application: UUID | None = None,
) -> "Applicant":
    """Starts a run as the dispatcher would."""
    application = application or uuid4()
    case = CaseRef(
        application_id=application,
        round_id=ROUND,
        application_number="2024-I-00001",
        level=level,
        route=route,
        pack_key=KEY,
    )
    closes_at = filing_closes_at or windows.closes_at(world.pack.pack, Stage.filing, await world.now())
    handle = await client.start_workflow(
        ApplicationLifecycle.run,
        StartApplication(case=case, filing_closes_at=closes_at + world.offset),
        id=application_workflow_id(application),
        task_queue=TASK_QUEUE,
        search_attributes=attributes(Stage.filing, ActionRequiredBy.applicant, ROUND),
    )
    return Applicant(world=world, handle=handle, level=level, route=route)


@dataclass
class Applicant:
    """Sends commands as the dispatcher would: update name = command name, update ID = command ID."""

    world: World
    handle: WorkflowHandle[ApplicationLifecycle, ApplicationEnd]
    level: str
    route: Route = Route.regular
    form_version: int = 0

    async def send(self, name: CommandName, prepared: dict[str, Any] | None = None, **body: Any) -> Outcome:
        return await send(self.world, self.handle, name, prepared, **body)

    async def submit(self, level: str | None = None) -> Outcome:
        self.level = level or self.level
        self.form_version += 1
        stages = self.world.pack.pack.level(self.level).plan(self.route)
        plan = Plan(level=self.level, route=self.route, stages=tuple(stages))
        prepared = {
            "form_version": self.form_version,
            "snapshot_key": KEY,
            "facts_key": KEY,
            "plan": plan.model_dump(mode="json"),
        }
        return await self.send(CommandName.submit, prepared, draft_version=1)

    async def scan(self, version: int | None = None) -> Outcome:
        prepared = {"form_version": version or self.form_version, "facts_key": KEY}
        return await self.send(
            CommandName.attach_scan,
            prepared,
            form_version=version or self.form_version,
            file_ids=[str(UUID(int=9))],
        )

    async def pay(self) -> Outcome:
        return await self.send(
            CommandName.confirm_payment, order_id=str(UUID(int=8)), level=self.level, amount_fen=30000
        )

    async def file(self) -> None:
        for step in (self.submit, self.scan, self.pay):
            outcome = await step()
            assert outcome.kind == "accepted", outcome

    async def decide(self, outcome: str) -> Outcome:
        return await self.send(
            CommandName.decide_qualification,
            {"outcome": outcome, "decision_key": KEY},
            task_id=str(UUID(int=7)),
            fence=1,
        )

    async def resubmit(self) -> Outcome:
        stages = self.world.pack.pack.level(self.level).plan(self.route)
        plan = Plan(level=self.level, route=self.route, stages=tuple(stages))
        prepared = {
            "form_version": self.form_version + 1,
            "snapshot_key": KEY,
            "facts_key": KEY,
            "plan": plan.model_dump(mode="json"),
        }
        return await self.send(CommandName.resubmit, prepared, draft_version=2)

    async def cancel_flags(self, left: int) -> Outcome:
        return await self.send(
            CommandName.cancel_flags,
            {"decision_key": KEY, "left": left},
            decision_key=KEY,
            flags=[0],
            reason="mistaken_flag",
        )

    async def reach(self, stage: Stage) -> None:
        """Wait (without skipping time) until the run is in this stage and its opening activity is done."""
        opened = {
            Stage.qualification: "review.open_qualification",
            Stage.correction: "registration.open_correction",
            Stage.outside_decision: "review.open_outside_decision",
            Stage.exam: "exam.enrol",
            Stage.portfolio: "review.open_portfolio",
            Stage.defence: "review.open_defence",
            Stage.totals: "registration.set_phase",
            Stage.notice: "registration.set_phase",
            Stage.certificate: "publication.await_certificate",
        }[stage]
        pause = 0.02
        async with asyncio.timeout(60):
            while True:
                now = await self.handle.query(ApplicationLifecycle.now)
                if now.transition.stage is stage and any(
                    call.name == opened and call.request.key.startswith(f"{self._id()}:{now.transition.seq}")
                    for call in self.world.calls
                ):
                    return
                await asyncio.sleep(pause)
                pause = min(0.5, pause * 1.5)  # many who ask often keep the workflows from getting on

    def _id(self) -> str:
        return self.handle.id.removeprefix("application:")


async def send(
    world: World,
    handle: WorkflowHandle[Any, Any],
    name: CommandName,
    prepared: dict[str, Any] | None = None,
    **body: Any,
) -> Outcome:
    command = Command(
        id=uuid4(),
        name=name,
        role=Role.system,
        body=body,
        prepared=prepared,
        received_at=await world.now() + world.offset,
    )
    return OUTCOME.validate_python(await handle.execute_update(name.value, command, id=str(command.id)))


@dataclass
class Complaint:
    """One complaint; instants of limits are counted by publication's own rules, with the real pack and calendar."""

    world: World
    handle: WorkflowHandle[ComplaintWorkflow, ComplaintEnd]
    decide_by: datetime
    """By the round's clock."""

    async def send(self, name: CommandName, prepared: dict[str, Any] | None = None, **body: Any) -> Outcome:
        return await send(self.world, self.handle, name, prepared, **body)

    async def hear(self) -> datetime:
        """Until when the person may explain, by the round's clock."""
        pack = self.world.pack.pack
        answer_by = complaint_rules.limit(pack, await self.world.now(), pack.desk.hearing)
        prepared = {"answer_by": (answer_by + self.world.offset).isoformat()}
        outcome = await self.send(CommandName.hear_accused, prepared, entry_id=str(UUID(int=41)))
        assert outcome.kind == "accepted", outcome
        return answer_by

    async def extend(self) -> Outcome:
        pack = self.world.pack.pack
        later = complaint_rules.limit(pack, self.decide_by, pack.complaints.extend_by)
        prepared = {"decide_by": (later + self.world.offset).isoformat()}
        outcome = await self.send(CommandName.extend_complaint, prepared, entry_id=str(UUID(int=42)))
        if outcome.kind == "accepted":
            self.decide_by = later
        return outcome

    async def decide(self, outcome: str, *, disqualify: bool = False) -> Outcome:
        body = {"outcome": outcome, "entry_id": str(UUID(int=43)), "disqualify": disqualify}
        return await self.send(CommandName.decide_complaint, **body)

    def moves(self) -> list[ComplaintMove]:
        """What publication was told, in order."""
        return [call.request.move for call in self.world.named("publication.move_complaint")]


async def start_complaint(world: World, application: UUID | None = UUID(int=31)) -> Complaint:
    """Starts a run as the dispatcher would, received now."""
    pack, complaint_id = world.pack.pack, uuid4()
    decide_by = complaint_rules.limit(pack, await world.now(), pack.complaints.decide_within)
    move = ComplaintMove(
        seq=1,
        stage=ComplaintStage.received,
        decide_by=decide_by + world.offset,
        application_id=application,
    )
    handle = await world.env.client.start_workflow(
        ComplaintWorkflow.run,
        StartComplaint(complaint=ComplaintRef(complaint_id=complaint_id, round_id=ROUND), move=move),
        id=complaint_workflow_id(complaint_id),
        task_queue=TASK_QUEUE,
        search_attributes=attributes(ComplaintStage.received, ActionRequiredBy.supervisor, ROUND),
    )
    return Complaint(world=world, handle=handle, decide_by=decide_by)


ANSWERS: dict[Stage, tuple[CommandName, dict[str, Any]]] = {
    Stage.exam: (CommandName.complete_exam, {"result": "graded", "score": "85/1"}),
    Stage.portfolio: (CommandName.complete_portfolio, {"score": "161/2", "sheets": 2}),
    Stage.defence: (CommandName.complete_defence, {"result": "graded", "score": "250/3"}),
    Stage.totals: (CommandName.record_rank, {"ranking_id": str(UUID(int=6)), "in_cut": True, "rank": 1}),
    Stage.notice: (CommandName.close_notice, {"notice_id": str(UUID(int=5)), "held": False}),
    Stage.certificate: (CommandName.issue, {"final_list_id": str(UUID(int=4))}),
}


async def play(applicant: Applicant, stages: tuple[Stage, ...]) -> None:
    """Answers each of these stages as services would."""
    for stage in stages:
        await applicant.reach(stage)
        name, body = ANSWERS[stage]
        outcome = await applicant.send(name, **body)
        assert outcome.kind == "accepted", (stage, outcome)


def make_workers(client: Client, world: World, workflows: list[type]) -> list[Worker]:
    """The workflow worker and one worker per service queue."""
    workers = [make_worker(client, SETTINGS, TASK_QUEUE, workflows=workflows)]
    for queue, activities in fakes(world).items():
        workers.append(make_worker(client, SETTINGS, queue, activities=activities))
    return workers


__all__ = [
    "KEY",
    "ROUND",
    "Applicant",
    "Complaint",
    "TargetKind",
    "World",
    "play",
    "send",
    "start_application",
    "start_complaint",
]
