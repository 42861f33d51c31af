"""One command from the log to its workflow: prepare, update or start, unprepare. Everything here can be repeated."""

from typing import Protocol
from uuid import UUID

from temporalio.client import Client, WorkflowUpdateFailedError
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from contracts.commands import (
    COMMANDS,
    Accepted,
    Command,
    CommandName,
    Outcome,
    PrepareRequest,
    PrepareResult,
    Refused,
    Role,
    TargetKind,
)
from contracts.complaints import (
    ComplaintMove,
    ComplaintPrepared,
    ComplaintRef,
    ComplaintStage,
    complaint_workflow_id,
)
from contracts.lifecycle import (
    ActionRequiredBy,
    CaseRef,
    RoundRef,
    RoundStage,
    Stage,
    application_workflow_id,
    notice_workflow_id,
    round_workflow_id,
)
from contracts.prepared import ApplicationPrepared, RoundPrepared
from contracts.refusals import refused
from contracts.workflows import TASK_QUEUE
from gateway.intake.log import OUTCOME
from gateway.intake.models import CommandRow
from kit.http import Actor, ServiceClient
from workflows import application, complaint
from workflows import round as rounds
from workflows.doors import attributes

WORKFLOW_IDS = {
    TargetKind.application: application_workflow_id,
    TargetKind.round: round_workflow_id,
    TargetKind.notice: notice_workflow_id,
    TargetKind.complaint: complaint_workflow_id,
}
_UNKNOWN = {TargetKind.complaint: "unknown_complaint"}
SYSTEM = UUID(int=0)
"""Subject of the actor token with which the intake itself speaks to services."""


class Malformed(Exception):
    """The workflow's validator refused the form of a command: a mistake of ours, not of the sender."""


class Preparer(Protocol):
    """What a service does before the decision, and undoes after a refusal."""

    async def prepare(self, service: str, request: PrepareRequest) -> PrepareResult: ...

    async def unprepare(self, service: str, request: PrepareRequest) -> None: ...


class HttpPreparer:
    """Over the services' own HTTP, as role `system`."""

    def __init__(self, services: ServiceClient) -> None:
        self._services = services

    async def prepare(self, service: str, request: PrepareRequest) -> PrepareResult:
        answer = await self._post(service, "/internal/prepare", request)
        return PrepareResult.model_validate_json(answer)

    async def unprepare(self, service: str, request: PrepareRequest) -> None:
        await self._post(service, "/internal/unprepare", request)

    async def _post(self, service: str, path: str, request: PrepareRequest) -> bytes:
        actor = Actor(subject=SYSTEM, role=Role.system.value, audience=service)
        answer = await self._services.request(
            service, "POST", path, actor=actor, json=request.model_dump(mode="json")
        )
        return answer.content


class Delivery:
    """Sends what was prepared to the workflow; the command's ID is the update's ID, so a repeat changes nothing."""

    def __init__(self, temporal: Client, preparer: Preparer) -> None:
        self._temporal = temporal
        self._preparer = preparer

    async def prepare(self, row: CommandRow) -> PrepareResult:
        """Ask the service that the command's spec names; empty result when it names none."""
        service = COMMANDS[CommandName(row.name)].prepare
        if service is None:
            return PrepareResult(data={})
        return await self._preparer.prepare(service, prepare_request(row))

    async def unprepare(self, row: CommandRow) -> None:
        """Undo after a refusal."""
        service = COMMANDS[CommandName(row.name)].prepare
        if service is not None:
            await self._preparer.unprepare(service, prepare_request(row))

    async def send(self, row: CommandRow) -> Outcome:
        """The workflow's answer. Errors: RPCError and time-outs (try again), `Malformed`."""
        match CommandName(row.name):
            case CommandName.apply:
                return await self._start_application(row)
            case CommandName.open_round:
                return await self._start_round(row)
            case name if COMMANDS[name].after_end:
                return Accepted()
            case CommandName.open_complaint:
                return await self._start_complaint(row)
            case _:
                return await self._update(row)

    async def _start_application(self, row: CommandRow) -> Outcome:
        prepared = ApplicationPrepared.model_validate(row.prepared)
        case = CaseRef(
            application_id=row.target_id,
            round_id=row.round_id,
            application_number=prepared.application_number,
            level=prepared.level,
            route=prepared.route,
            pack_key=prepared.pack_key,
            round_seed=prepared.round_seed,
        )
        start = application.StartApplication(
            case=case, filing_closes_at=row.closes_at or prepared.filing_closes_at
        )
        try:
            # plain start, never update-with-start: a run is started once, a repeat finds it
            await self._temporal.start_workflow(
                application.ApplicationLifecycle.run,
                start,
                id=application_workflow_id(row.target_id),
                task_queue=TASK_QUEUE,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                search_attributes=attributes(Stage.filing, ActionRequiredBy.applicant, row.round_id),
            )
        except WorkflowAlreadyStartedError:
            return refused("ended")
        return Accepted()

    async def _start_round(self, row: CommandRow) -> Outcome:
        prepared = RoundPrepared.model_validate(row.prepared)
        try:
            await self._temporal.start_workflow(
                rounds.RoundWorkflow.run,
                rounds.StartRound(round=RoundRef(round_id=row.round_id, pack_key=prepared.pack_key)),
                id=round_workflow_id(row.round_id),
                task_queue=TASK_QUEUE,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                search_attributes=attributes(RoundStage.filing, ActionRequiredBy.applicant, row.round_id),
            )
        except WorkflowAlreadyStartedError:
            return refused("ended")
        return Accepted()

    async def _start_complaint(self, row: CommandRow) -> Outcome:
        prepared = ComplaintPrepared.model_validate(row.prepared)
        start = complaint.StartComplaint(
            complaint=ComplaintRef(complaint_id=row.target_id, round_id=row.round_id),
            move=ComplaintMove(
                seq=1,
                stage=ComplaintStage.received,
                decide_by=prepared.decide_by,
                application_id=prepared.application_id,
            ),
        )
        try:
            await self._temporal.start_workflow(
                complaint.ComplaintWorkflow.run,
                start,
                id=complaint_workflow_id(row.target_id),
                task_queue=TASK_QUEUE,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                search_attributes=attributes(
                    ComplaintStage.received, ActionRequiredBy.supervisor, row.round_id
                ),
            )
        except WorkflowAlreadyStartedError:
            return refused("complaint_ended")
        return Accepted()

    async def _update(self, row: CommandRow) -> Outcome:
        command = Command(
            id=row.id,
            name=CommandName(row.name),
            role=Role(row.role),
            body=row.body,
            prepared=row.prepared,
            received_at=row.received_at,
            effective_at=row.effective_at,
        )
        handle = self._temporal.get_workflow_handle(WORKFLOW_IDS[TargetKind(row.target_kind)](row.target_id))
        try:
            answer = await handle.execute_update(row.name, command, id=str(row.id))
            return OUTCOME.validate_python(answer)
        except WorkflowUpdateFailedError as error:
            raise Malformed(type(error.cause).__name__) from None
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return await self._without_run(handle.id, TargetKind(row.target_kind))
            raise

    async def _without_run(self, workflow_id: str, kind: TargetKind) -> Refused:
        """No open run: it has ended, or there never was one."""
        try:
            await self._temporal.get_workflow_handle(workflow_id).describe()
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return refused(_UNKNOWN.get(kind, "unknown_application"))
            raise
        return refused("complaint_ended" if kind is TargetKind.complaint else "ended")


def prepare_request(row: CommandRow) -> PrepareRequest:
    """What a service is told of a command, before the decision or when it is undone."""
    return PrepareRequest(
        command_id=row.id,
        name=CommandName(row.name),
        target_id=row.target_id,
        round_id=row.round_id,
        subject=row.subject,
        role=Role(row.role),
        body=row.body,
        received_at=row.received_at,
        closes_at=row.closes_at,
    )
