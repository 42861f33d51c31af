"""The applicants: log in, apply, file, correct, sit the exam, fetch the certificate; each by the public API only."""

from __future__ import annotations

import asyncio
import re
import time
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from cli.demo import evidence, papers
from cli.demo.board import Board, DemoFailed, until
from cli.demo.client import Caller, Http, Refusal
from cli.demo.marks import right_ones
from cli.demo.papers import Changes, Paper
from cli.demo.script import Fault, Kind, Persona
from contracts.commands import Apply, AttachScan, CommandName, Resubmit, Submit
from contracts.http.certificates import OwnCertificate
from contracts.http.exam import AnswerSaved, Exam, ExamStatus, SaveAnswer
from contracts.http.files import FileState, FileView, NewFile, Purpose, Upload
from contracts.http.gateway import Applied, AskCode, CaseView, OpenSession, SessionOpened
from contracts.http.notification import Mailbox
from contracts.http.payment import Method, Order, PaymentStarted, StartPayment
from contracts.http.persons import Identity, PersonView
from contracts.http.registration import ChangeForm, FormSaved, FormState, FormView, RegistrationView
from contracts.http.scans import ScanReport
from contracts.lifecycle import TERMINAL, Route, Stage, Status

_CODE = re.compile(r"(?<!\d)\d{6}(?!\d)")
_TOO_LATE = frozenset({"window_closed", "correction_window_closed", "ended", "form_locked"})


async def log_in(http: Http, operator: Caller, phone: str) -> Caller:
    """By code, which the operator reads from the mailbox. A code that got lost on the way is asked for again."""
    while True:
        again = 1.0
        try:
            await http.ask("POST", "/auth/code", json=AskCode(phone=phone))
        except Refusal as no:
            if no.status != 429:
                raise
            again = float(no.details.get("retry_after", 5))
        asked = time.monotonic()
        used = set[str]()
        while time.monotonic() - asked < again + 5:
            box = await operator.get("/mailbox", Mailbox, recipient=phone)
            for code in (found[0] for one in box.messages if (found := _CODE.search(one.text))):
                if code in used:
                    continue
                used.add(code)
                try:
                    answer = await http.ask("POST", "/auth/session", json=OpenSession(phone=phone, code=code))
                except Refusal as no:
                    if no.code != "wrong_code":
                        raise
                    continue
                opened = SessionOpened.model_validate_json(answer.content)
                return Caller(http, opened.token, opened.account_id)
            await asyncio.sleep(0.1 if time.monotonic() - asked < 3 else 1.0)


class Applicant:
    """One persona with their session and application."""

    def __init__(self, board: Board, persona: Persona, caller: Caller) -> None:
        self.board, self.persona, self.caller = board, persona, caller
        self.application_id = UUID(int=0)
        self.number = ""
        self.filed = asyncio.Event()
        """Everything is done that is to be done in time."""
        self._version = 1
        self._form_version = 0
        self._files: dict[str, str] = {}

    @property
    def at(self) -> str:
        return f"/applications/{self.application_id}"

    async def identify(self) -> None:
        person = self.persona.person
        body = Identity(name=person.name, id_number=person.id_number)
        await self.caller.send("PUT", "/me/identity", PersonView, body)

    async def apply(self) -> None:
        """Starts the application. Never two at once: numbers follow the seed's order."""
        body = Apply(level=self.persona.level, route=self.persona.route)
        path = f"/rounds/{self.board.round_id}/applications"
        made = await self.caller.send("POST", path, Applied, body, key=self._key("apply"))
        await self.caller.settled(made.receipt)
        self.application_id = made.application_id

    async def look(self) -> None:
        """Learns the number, and where the draft stands."""
        known = await self.caller.get(f"{self.at}/registration", RegistrationView)
        self.number, self._version = known.application_number, known.draft_version

    # filing -----------------------------------------------------------------------------------------------

    async def file(self) -> None:
        """Everything that is done before the filing window closes."""
        match self.persona.kind:
            case Kind.discarded:
                await self._patch({"fields.teaching_subject": self.persona.person.subject})
                await self._command(CommandName.discard)
                return
            case Kind.late:
                await self._fill()
                return
            case Kind.took_back:
                await self._fill()
                await self._submit("submit-1")
                await self._command(CommandName.take_back)
                await self._patch({"fields.position": "科技辅导员（兼职）"})
                await self._submit("submit-2")
            case _:
                await self._fill()
                await self._submit("submit-1")
        await self._scan()
        if self.persona.kind is not Kind.unpaid and self.persona.route is Route.regular:
            await self._pay()

    async def too_late(self) -> None:
        """After the window has closed: the submission must be refused (A5)."""
        await self._refused(CommandName.submit, Submit(draft_version=self._version))

    async def withdraw(self) -> None:
        """As soon as the application is filed (L1)."""
        await self.filed.wait()

        async def filed() -> bool | None:
            return (await self.case()).stage is not Stage.filing or None

        await until(filed)
        await self._command(CommandName.withdraw)

    async def _fill(self) -> None:
        made = await asyncio.to_thread(papers.papers, self.board.seed, self.persona)
        await self._upload_all(made)
        await self._patch(papers.form(self.persona, self._files))

    async def _upload_all(self, found: list[Paper]) -> None:
        for one in found:
            self._files[one.label] = await self._upload(one)

    async def _upload(self, paper: Paper) -> str:
        new = NewFile(
            purpose=paper.purpose, name=paper.name, media_type=paper.media_type, bytes=len(paper.data)
        )
        place = await self.caller.send("POST", f"{self.at}/files", Upload, new)
        await self.caller.http.post_file(place.url, place.fields, paper.name, paper.media_type, paper.data)
        checked = await self.caller.send("POST", f"{self.at}/files/{place.file_id}/complete", FileView)
        if checked.state is not FileState.clean:
            raise DemoFailed(f"{self.number}：文件“{paper.name}”没有通过检查：{checked.reason}")
        return str(place.file_id)

    async def _patch(self, changes: Changes) -> None:
        """One save. Nobody else types here: a stale version only means that an earlier try went through."""
        while True:
            body = ChangeForm(version=self._version, changes=changes)
            try:
                saved = await self.caller.send("PATCH", f"{self.at}/form", FormSaved, body)
            except Refusal as no:
                if no.code != "stale_version":
                    raise
                self._version = int(no.details["version"])
                continue
            self._version = saved.version
            return

    async def _submit(self, act: str) -> None:
        await self._command(CommandName.submit, Submit(draft_version=self._version), act=act)
        self._form_version += 1

    async def _scan(self) -> None:
        """Printed, signed on each page, sealed, scanned (A4)."""
        file_id = await self._upload(await self._signed(unsigned=self.persona.fault is Fault.signature))
        body = AttachScan(form_version=self._form_version, file_ids=(UUID(file_id),))
        await self._command(CommandName.attach_scan, body)

    async def _signed(self, *, unsigned: bool) -> Paper:
        printed = await self.caller.get_bytes(f"{self.at}/form.pdf")
        places = (await self.caller.get(f"{self.at}/scan", ScanReport)).places
        seed, index = self.board.seed, self.persona.person.index
        data = await asyncio.to_thread(
            evidence.signed_scan, printed, places, seed, index, unsigned=1 if unsigned else None
        )
        return Paper(
            label="scan", purpose=Purpose.scan, name="申报书扫描件.pdf", media_type=papers.PDF, data=data
        )

    async def _pay(self) -> None:
        """The order is made after the submission was accepted, so it may be a moment late."""

        async def begun() -> PaymentStarted | None:
            try:
                terms = (await self.caller.get(f"{self.at}/order", Order)).terms.digest
                body = StartPayment(method=Method.online, terms=terms)
                return await self.caller.send("POST", f"{self.at}/payments", PaymentStarted, body)
            except Refusal as no:
                if no.code != "no_order":
                    raise
                return None

        started = await until(begun, every=0.2)
        if started.pay_url is None:
            raise DemoFailed(f"{self.number}：没有得到支付页面")
        await self.caller.http.press(started.pay_url)

    # correction -------------------------------------------------------------------------------------------

    async def correct(self, office: Any) -> None:
        """What was sent back is answered: in time, or (never_corrects) only when the window has closed (Q10, Q11)."""
        await self.filed.wait()
        await self.board.sent_back(self.number).wait()

        async def unlocked() -> CaseView | None:
            case = await self.case()
            return case if case.stage is Stage.correction else None

        case = await until(unlocked, every=0.15)
        if case.closes_at is None:
            raise DemoFailed(f"{self.number}：退回修改没有期限")
        if self.persona.kind is Kind.never_corrects:
            await asyncio.sleep(max(0.0, (case.closes_at - now()).total_seconds()))
            await until(self._ended, every=0.5)
            await self._refused(CommandName.resubmit, Resubmit(draft_version=self._version))
            return
        await office.extend_correction(self.application_id, case.closes_at)
        await self._correct()

    async def _correct(self) -> None:
        form = await self.caller.get(f"{self.at}/form", FormView)
        if form.state is not FormState.correction:
            raise DemoFailed(f"{self.number}：退回修改没有开放申报书")
        await self._upload_all(await asyncio.to_thread(papers.correction_papers, self.persona))
        if changes := papers.correction(self.persona, self._files):
            await self._patch(changes)
        scans: tuple[UUID, ...] = ()
        if form.reprint or self.persona.fault is Fault.signature:
            again = self.persona.fault is Fault.signature and self.persona.kind is Kind.corrects_badly
            scans = (UUID(await self._upload(await self._signed(unsigned=again))),)
        body = Resubmit(draft_version=self._version, scan_file_ids=scans)
        await self._command(CommandName.resubmit, body)

    async def _ended(self) -> Status | None:
        case = await self.case()
        return case.status if case.status in TERMINAL else None

    # exam, end --------------------------------------------------------------------------------------------

    async def sit(self) -> None:
        """Answers exactly as many items right as the marks say, then hands the paper in."""
        exam = await self.caller.send("POST", f"{self.at}/exam/start", Exam)
        if exam.status is not ExamStatus.finished:
            items = [(one.id, Decimal(one.points)) for one in exam.items]
            for item_id in right_ones(items, self.board.the_plan.marks[self.number].exam):
                answer = SaveAnswer(rev=1, choice=self.board.bank[item_id].key)
                await self.caller.send("PUT", f"{self.at}/exam/answers/{item_id}", AnswerSaved, answer)
            exam = await self.caller.send("POST", f"{self.at}/exam/finish", Exam)
        if exam.status is not ExamStatus.finished:
            raise DemoFailed(f"{self.number}：交卷后状态为 {exam.status}")

    async def certificate(self) -> tuple[str, bytes]:
        """Number and PDF (C3)."""
        view = await self.caller.get(f"{self.at}/certificate", OwnCertificate)
        return view.number, await self.caller.get_bytes(f"{self.at}/certificate.pdf")

    async def case(self) -> CaseView:
        return await self.caller.get(self.at, CaseView)

    # helpers ----------------------------------------------------------------------------------------------

    async def _command(self, name: CommandName, body: Any = None, *, act: str = "") -> None:
        await self.caller.command(self.at, name, self._key(act or name), body)

    async def _refused(self, name: CommandName, body: Any) -> None:
        """An act that comes too late, and that nobody may accept."""
        try:
            await self.caller.command(self.at, name, self._key(f"late-{name}"), body)
        except Refusal as no:
            if no.code not in _TOO_LATE:
                raise
            return
        raise DemoFailed(f"{self.number}：逾期的操作（{name}）被接受了")

    def _key(self, act: str) -> str:
        return f"demo.{self.persona.order}.{act}.{str(self.board.round_id)[:8]}"


def now() -> datetime:
    """By this machine's clock, which is also the server's: only to decide when to ask for more time."""
    return datetime.fromtimestamp(time.time(), UTC)
