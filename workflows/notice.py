"""`NoticeWorkflow`: the clock of one public list, from the proof of its posting to its end."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from temporalio import workflow
from temporalio.common import RawValue

with workflow.unsafe.imports_passed_through():
    from contracts import gateway, publication
    from contracts.base import Data
    from contracts.commands import COMMANDS, Accepted, ConfirmPosted, Outcome, TargetKind
    from contracts.lifecycle import ActionRequiredBy as By
    from contracts.lifecycle import RoundRef, Stage
    from contracts.refusals import refused
    from workflows.doors import ACTION_REQUIRED_BY, read_command
    from workflows.policies import call, time_left


class StartNotice(Data):
    """`targets`: the places that must bear the list before the clock starts (N1)."""

    round: RoundRef
    notice_id: UUID
    targets: tuple[str, ...]


@workflow.defn
class NoticeWorkflow:
    """Child of its round; holds of single persons are matters of their applications, not of this clock."""

    @workflow.init
    def __init__(self, start: StartNotice) -> None:
        self.start = start
        self.posted: dict[str, datetime] = {}

    @workflow.update(dynamic=True)
    async def command(self, name: str, args: Sequence[RawValue]) -> Outcome:
        """`confirm_posted`: one target shows the list; two people have seen it."""
        command = read_command(args)
        body = command.typed_body()
        assert isinstance(body, ConfirmPosted)
        if body.target not in self.start.targets:
            return refused("unknown_target")
        if body.target in self.posted:
            return refused("already_answered")
        self.posted[body.target] = command.received_at
        return Accepted()

    @command.validator
    def _well_formed(self, name: str, args: Sequence[RawValue]) -> None:
        command = read_command(args)
        if command.name.value != name or COMMANDS[command.name].target is not TargetKind.notice:
            raise ValueError("command does not belong here")
        command.typed_body()

    @workflow.run
    async def run(self, start: StartNotice) -> None:
        await workflow.wait_condition(lambda: len(self.posted) == len(start.targets))
        posted_at = max(self.posted.values())
        window = await call(
            gateway.open_window,
            gateway.OpenWindow(
                key=str(start.notice_id),
                target_kind=TargetKind.notice,
                target_id=start.notice_id,
                round_id=start.round.round_id,
                stage=Stage.notice,
                pack_key=start.round.pack_key,
                opens_at=posted_at,
            ),
        )
        closes_at = window.closes_at
        workflow.upsert_search_attributes([ACTION_REQUIRED_BY.value_set(By.nobody.value)])
        version = 0
        while True:
            version += 1
            await call(
                publication.start_clock,
                publication.StartClock(
                    key=f"{start.notice_id}:{version}",
                    round=start.round,
                    notice_id=start.notice_id,
                    posted_at=posted_at,
                    closes_at=closes_at,
                ),
            )
            await workflow.sleep(time_left(closes_at))
            ended = await call(
                gateway.close_window,
                gateway.CloseWindow(
                    target_kind=TargetKind.notice,
                    target_id=start.notice_id,
                    round_id=start.round.round_id,
                    stage=Stage.notice,
                    deadline=closes_at,
                ),
                barrier=True,
            )
            if isinstance(ended.end, gateway.Closed):
                break
            closes_at = ended.end.closes_at
        await call(
            publication.close_notice,
            publication.CloseNotice(
                key=f"{start.notice_id}:close", round=start.round, notice_id=start.notice_id
            ),
        )
        await workflow.wait_condition(workflow.all_handlers_finished)
