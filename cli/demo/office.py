"""The staff: the first operator, everybody else's accounts, and what secretariat, approvers and supervisor do."""

from __future__ import annotations

import asyncio
import secrets
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from cli.demo.applicants import now
from cli.demo.board import Board, until
from cli.demo.client import Caller, Http, Refusal
from contracts.base import Input
from contracts.commands import (
    CommandName,
    ConfirmPosted,
    Hold,
    PublishFinalList,
    Receipt,
    RecordOutsideDecision,
    ReleaseRanking,
    Role,
)
from contracts.complaints import ComplaintOutcome, DecideComplaint
from contracts.http.complaints import (
    ComplaintPage,
    ComplaintSubject,
    EntryKind,
    EntrySaved,
    NewEntry,
    PublicComplaint,
)
from contracts.http.exam import ExtendSitting, Sitting, Sittings, SittingState
from contracts.http.gateway import (
    CaseView,
    CreateRound,
    CreateStaff,
    ExtendWindow,
    OpenStaffSession,
    Proposal,
    RoundCreated,
    SessionOpened,
    SetUp,
    Staff,
    Windows,
    WindowView,
)
from contracts.http.history import SheetView
from contracts.http.publication import Notice
from contracts.http.registration import RoundView
from contracts.http.review import (
    DefenceAbsent,
    DocumentStored,
    Expert,
    MarkAbsent,
    RegisteredRole,
    RegisterExpert,
)
from contracts.http.scoring import Ranking
from contracts.lifecycle import RoundStage, Stage
from contracts.rulings import Disqualify

_OFFICE = "重庆市青少年科技教育工作者协会"
STAFF: tuple[tuple[str, str, tuple[Role, ...], str], ...] = (
    ("secretary1", "秘书处 陈晓东", (Role.secretariat,), _OFFICE),
    ("secretary2", "秘书处 林雨桐", (Role.secretariat,), _OFFICE),
    ("approver1", "秘书长 何建华", (Role.approver,), _OFFICE),
    ("approver2", "理事 唐文静", (Role.approver,), _OFFICE),
    ("supervisor1", "监督委员会 石磊", (Role.supervisor,), _OFFICE),
    ("reviewer1", "审查员 杜海燕", (Role.reviewer,), "重庆市科学技术研究院"),
    ("reviewer2", "审查员 江涛", (Role.reviewer,), "重庆市科技馆管理中心"),
    ("reviewer3", "审查员 罗敏", (Role.reviewer,), "重庆市少年宫管理中心"),
    ("expert1", "专家 彭志强", (Role.expert, Role.panel_chair), "西南大学教师教育学院"),
    ("expert2", "专家 曾丽华", (Role.expert,), "重庆师范大学初等教育学院"),
    ("expert3", "专家 田国平", (Role.expert,), "重庆大学物理学院"),
    ("expert4", "专家 董秀兰", (Role.expert, Role.panel_chair), "重庆市教育科学研究院"),
    ("expert5", "专家 潘一鸣", (Role.expert,), "重庆邮电大学自动化学院"),
    ("expert6", "专家 余小林", (Role.expert,), "重庆自然博物馆研究部"),
)
_LEAST = 8.0
"""Seconds below which a window is extended, at the least: whatever is killed comes back sooner."""
_MORE = timedelta(seconds=4)
_CORRECTION_MORE = timedelta(seconds=60)
_REASON = "演示：按时办理的事项还没有全部得到答复"


class Office:
    """Sessions of all staff. Two-person commands take two of them."""

    def __init__(self, board: Board, operator: Caller, password: str) -> None:
        self.board, self.operator, self.password = board, operator, password
        self._staff: dict[str, Caller] = {}

    @classmethod
    async def open(cls, board: Board, token: str) -> Office:
        """The first operator by the set-up token, then everybody else."""
        password = secrets.token_urlsafe(12)
        body = SetUp(token=token, username="operator", password=password, display_name="系统管理员")
        try:
            await board.http.ask("POST", "/setup", json=body)
        except Refusal as no:
            if no.code != "already_set_up":  # an earlier try went through unheard
                raise
        office = cls(board, await staff_session(board.http, "operator", password), password)
        await asyncio.gather(*(office._engage(*one) for one in STAFF))
        await office._register()
        return office

    async def _engage(self, username: str, name: str, roles: tuple[Any, ...], unit: str) -> None:
        body = CreateStaff(
            username=username, password=self.password, roles=roles, display_name=name, unit=unit
        )
        try:
            await self.operator.send("POST", "/staff", Staff, body)
        except Refusal as no:
            if no.code != "username_taken":
                raise
        self._staff[username] = await staff_session(self.board.http, username, self.password)
        self.board.show.step("筹备")

    async def _register(self) -> None:
        """Reviewers and experts with their units, one after the other: the registry keeps that order."""
        for username, _, roles, unit in STAFF:
            if Role.reviewer not in roles and Role.expert not in roles:
                continue
            role = RegisteredRole.expert if Role.expert in roles else RegisteredRole.reviewer
            body = RegisterExpert(unit=unit, discipline="科学教育", recommender=_OFFICE, role=role)
            account = self._staff[username].account_id
            await self.secretary.send("PUT", f"/experts/{account}", Expert, body)

    @property
    def secretary(self) -> Caller:
        return self._staff["secretary1"]

    @property
    def supervisor(self) -> Caller:
        return self._staff["supervisor1"]

    def all(self, prefix: str) -> list[Caller]:
        """reviewer, expert."""
        return [caller for name, caller in self._staff.items() if name.startswith(prefix)]

    # the round --------------------------------------------------------------------------------------------

    async def open_round(self, pack: str) -> UUID:
        body = CreateRound(pack=pack, seed=self.board.seed)
        made = await self.secretary.send("POST", "/rounds", RoundCreated, body, key=f"demo.{uuid4()}")
        await self.secretary.settled(made.receipt)
        self.board.round_id = made.round_id
        await until(self._filing_window, every=0.1)
        return made.round_id

    async def reached(self, *stages: RoundStage) -> RoundStage:
        """Waits until the round stands at one of these."""

        async def there() -> RoundStage | None:
            found = await self.operator.get(f"/rounds/{self.board.round_id}", RoundView)
            return found.stage if found.stage in stages else None

        return await until(there, every=0.3)

    async def _filing_window(self) -> WindowView | None:
        found = await self.secretary.get(f"/rounds/{self.board.round_id}/windows", Windows)
        return next((one for one in found.windows if one.stage is Stage.filing), None)

    async def keep_filing_open(self) -> None:
        """Extends the window as long as an act that is on time is not acknowledged; then waits for its end."""
        window = await until(self._filing_window)
        while self.board.filing_open:
            least = self.board.reserve(_LEAST)
            if window.closes_at - now() < least:
                later = now() + least + _MORE
                await self._extend(f"/rounds/{self.board.round_id}", Stage.filing, later)
                window = await until(self._filing_window)
            await asyncio.sleep(0.25)
        await asyncio.sleep(max(0.0, (window.closes_at - now()).total_seconds()))
        await self.reached(*(stage for stage in RoundStage if stage is not RoundStage.filing))

    async def extend_correction(self, application_id: UUID, closes_at: datetime) -> None:
        """More time for one who is about to answer."""
        more = max(_CORRECTION_MORE, 2 * self.board.reserve(0))
        later = max(now() + more, closes_at + timedelta(seconds=1))
        await self._extend(f"/applications/{application_id}", Stage.correction, later)

    async def _extend(self, target: str, stage: Stage, closes_at: datetime) -> None:
        body = ExtendWindow(closes_at=closes_at, reason=_REASON)
        try:
            await self.secretary.send("POST", f"{target}/windows/{stage}/extend", WindowView, body)
        except Refusal as no:
            if no.code != "window_not_later":  # an earlier try went through unheard
                raise

    # the exam ---------------------------------------------------------------------------------------------

    async def hold_sitting(self, level: str, candidates: int) -> None:
        """Opens when no application of the level is before the exam; longer while a candidate still writes."""
        at = f"/rounds/{self.board.round_id}/sittings"

        async def all_there() -> Sitting | None:
            found = await self._sitting(level)
            return found if found is not None and found.enrolled == candidates else None

        sitting = await until(all_there, every=0.4)
        if sitting.state is SittingState.planned:
            sitting = await self.secretary.send("POST", f"{at}/{level}/open", Sitting, {})
        self.board.sitting(level).set()
        while sitting.state is not SittingState.closed:
            assert sitting.closes_at is not None
            if await self._written(level, sitting.closes_at - self.board.reserve(_LEAST)):
                # until it closes by itself, and absent ones are noted
                await asyncio.sleep(max(0.5, (sitting.closes_at - now()).total_seconds()))
            else:
                await self._longer(f"{at}/{level}/extend", sitting.closes_at)
            found = await self._sitting(level)
            assert found is not None
            sitting = found

    async def _written(self, level: str, latest: datetime) -> bool:
        """Whether everybody has handed in before `latest`."""

        async def known() -> bool | None:
            if not self.board.exam_open[level]:
                return True
            return None if now() < latest else False

        return await until(known, every=0.25, longest=0.25)

    async def _longer(self, path: str, closes_at: datetime) -> None:
        try:
            longer = ExtendSitting(minutes=1, closes_at=closes_at, reason="还有考生在作答")
            await self.secretary.send("POST", path, Sitting, longer)
        except Refusal as no:
            if no.code != "sitting_changed":
                raise

    async def _sitting(self, level: str) -> Sitting | None:
        found = await self.secretary.get(f"/rounds/{self.board.round_id}/sittings", Sittings)
        return next((one for one in found.sittings if one.level == level), None)

    async def note_absent(self, application_id: UUID) -> None:
        """Nobody came to the defence (D1): noted as soon as it is open."""

        async def noted() -> DefenceAbsent | None:
            path = f"/applications/{application_id}/defence/absent"
            try:
                body = MarkAbsent(reason="未到场")
                return await self.secretary.send("POST", path, DefenceAbsent, body)
            except Refusal as no:
                if no.status != 404:
                    raise
                return None

        await until(noted, every=1.0, longest=2.0)

    # decisions --------------------------------------------------------------------------------------------

    async def two_persons(
        self, proposer: Caller, target: str, name: CommandName, body: Input, approver: str = "approver1"
    ) -> Receipt:
        """One proposes, another approves (O2); the same command is never sent twice."""
        proposal = await proposer.send(
            "POST", f"{target}/commands/{name}", Proposal, body, key=f"demo.{uuid4()}"
        )
        other = self._staff[approver]
        receipt = await other.send("POST", f"/proposals/{proposal.id}/approve", Receipt)
        return await other.settled(receipt)

    async def decide_outside(self, application_id: UUID, *, accepted: bool, letter: bytes) -> None:
        """The national association's decision on a direct route, entered with its document (E5)."""
        target = f"/applications/{application_id}"

        async def waiting() -> bool | None:
            case = await self.secretary.get(target, CaseView)
            return case.stage is Stage.outside_decision or None

        await until(waiting, every=0.5)
        stored = await self._document(self.secretary, letter)
        body = RecordOutsideDecision(accepted=accepted, document_key=stored.key)
        await self.two_persons(self.secretary, target, CommandName.record_outside_decision, body)

    async def _document(self, who: Caller, data: bytes) -> DocumentStored:
        return await who.send("POST", "/documents", DocumentStored, content=data)

    async def ranking(self) -> Ranking:
        """All rows of the frozen ranking, as soon as there is one."""

        async def made() -> Ranking | None:
            return await self.secretary.find(f"/rounds/{self.board.round_id}/ranking", Ranking, limit="200")

        first = page = await until(made, every=0.4)
        rows = list(page.rows)
        while page.next_cursor:
            page = await self.secretary.get(
                f"/rounds/{self.board.round_id}/ranking", Ranking, limit="200", cursor=page.next_cursor
            )
            rows += page.rows
        return first.model_copy(update={"rows": tuple(rows), "next_cursor": None})

    async def release(self, digest: str) -> None:
        target = f"/rounds/{self.board.round_id}"
        body = ReleaseRanking(digest=digest)
        await self.two_persons(self.secretary, target, CommandName.release_ranking, body)

    async def fix_histories(self) -> SheetView:
        """All histories as they are now, in public."""
        return await self.secretary.send("POST", f"/rounds/{self.board.round_id}/history-sheets", SheetView)

    async def notice(self) -> Notice:
        async def made() -> Notice | None:
            return await self.secretary.find(f"/rounds/{self.board.round_id}/notice", Notice)

        return await until(made, every=0.3)

    async def post_notice(self, notice: Notice) -> None:
        """Every binding target bears the list, seen by two (N1)."""
        for one in notice.targets:
            if one.binding:
                body = ConfirmPosted(target=one.id, url=one.url or "https://example.com/notice")
                await self.two_persons(
                    self.secretary,
                    f"/notices/{notice.notice_id}",
                    CommandName.confirm_posted,
                    body,
                    "approver2",
                )

    async def hold(self, application_id: UUID) -> None:
        """By hand, for another reason than a complaint in the log (N3)."""
        target, body = f"/applications/{application_id}", Hold(reason="complaint")
        await self.supervisor.command(target, CommandName.hold, f"demo.hold.{application_id}", body)

    async def complaint(self, number: str) -> UUID:
        """Somebody complains anonymously of a person on the list; accepting it holds that person (N3)."""
        body = PublicComplaint(
            subject=ComplaintSubject.listed,
            round_id=self.board.round_id,
            application_number=number,
            facts="演示：反映其申报的获奖证书由他人指导，请核对。",
        )
        await self.board.http.ask("POST", "/public/complaints", json=body, key=str(uuid4()))

        async def received() -> UUID | None:
            found = (await self.supervisor.get("/complaints", ComplaintPage)).complaints
            return next((one.id for one in found if one.application_number == number), None)

        complaint_id = await until(received, every=0.3)

        async def accepted() -> bool | None:
            key = f"demo.{uuid4()}"
            try:
                await self.supervisor.command(
                    f"/complaints/{complaint_id}", CommandName.accept_complaint, key
                )
            except Refusal as no:
                if no.code == "already_answered":  # an earlier try went through unheard
                    return True
                if no.code != "complaint_starting":
                    raise
                return None
            return True

        await until(accepted, every=0.3)
        return complaint_id

    async def dismiss(self, complaint_id: UUID, letter: bytes) -> None:
        """It is not upheld, and lets go of the person whom it held."""
        stored = await self._document(self.supervisor, letter)
        target = f"/complaints/{complaint_id}"
        text = NewEntry(
            kind=EntryKind.decision, text="经核对原件，反映的情况不属实。", document_key=stored.key
        )
        entry = await self.supervisor.send("POST", f"{target}/entries", EntrySaved, text)
        body = DecideComplaint(outcome=ComplaintOutcome.not_upheld, entry_id=entry.id)
        await self.supervisor.command(
            target, CommandName.decide_complaint, f"demo.dismiss.{complaint_id}", body
        )

    async def disqualify(self, application_id: UUID, letter: bytes) -> None:
        """A complaint was upheld after a hearing (N3)."""
        stored = await self._document(self.supervisor, letter)
        body = Disqualify(reason="complaint_upheld", document_key=stored.key)
        target = f"/applications/{application_id}"
        await self.two_persons(self.supervisor, target, CommandName.disqualify, body)

    async def publish(self, document_number: str) -> None:
        await self.reached(RoundStage.final_list)
        body = PublishFinalList(document_number=document_number)
        target = f"/rounds/{self.board.round_id}"
        await self.two_persons(self.secretary, target, CommandName.publish_final_list, body)


async def staff_session(http: Http, username: str, password: str) -> Caller:
    body = OpenStaffSession(username=username, password=password)
    answer = await http.ask("POST", "/auth/staff-session", json=body)
    opened = SessionOpened.model_validate_json(answer.content)
    return Caller(http, opened.token, opened.account_id)
